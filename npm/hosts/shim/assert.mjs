// `node:assert/strict` for hosts that have none: the same, as the package `assert` has it.
import assert from 'assert';

export default assert.strict;
