// `node:assert/strict` for hosts that have none: the same, as the package `assert` has it.
import assert from 'assert';

const { strict } = assert;

export default strict;
export const { AssertionError, deepEqual, doesNotMatch, doesNotReject, doesNotThrow, equal, fail, match, notDeepEqual, notEqual, ok, rejects, throws } = strict;
