// Ends a run with what it could not run on this machine, so that a skipped part is never mistaken for a passed one.
export default class SkippedReporter {
  onRunComplete(_contexts, results) {
    const tests = results.testResults.flatMap((file) => file.testResults).filter((test) => test.status === 'pending');
    const parts = new Set(tests.map((test) => test.ancestorTitles[0] ?? test.title));
    for (const part of parts) process.stdout.write(`\nnot run: ${part}\n`);
  }
}
