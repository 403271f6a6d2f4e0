// A reporter of Vitest: one line of JSON for every test, with a name that is its own.
export default class {
  onTestCaseResult(test) {
    const { state, errors } = test.result();
    console.log(JSON.stringify({ name: `${test.module.relativeModuleId} ${test.fullName}`, passed: state !== 'failed', reason: errors?.[0]?.message }));
  }
}
