import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { describeLab } from './lab-suite.ts';

/** Set in the run that is inside; its value is of no account. */
const INSIDE = 'TYPEMETAL_OWN_NAMESPACE';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
/** All of a file's tests, on a machine that does other things. */
const PATIENCE_MILLISECONDS = 600_000;

/**
 * Like `describe`, for tests that change the network of the process they run in: the file runs a second time, in a
 * network namespace that ends with it and has its loopback link up, and its tests count as one here. `file` is the caller's `import.meta.url`.
 */
export function describeInOwnNamespace(name: string, file: string, body: () => void): void {
  if (process.env[INSIDE] !== undefined) {
    describe(name, body);
    return;
  }
  describeLab(name, () => {
    const run = async (): Promise<void> => {
      const { output, failed } = await runInside(fileURLToPath(file));
      expect(failed ? output : 'passed').toBe('passed');
    };
    test('in a network namespace of its own', run, PATIENCE_MILLISECONDS + 10_000);
  });
}

function runInside(file: string): Promise<{ readonly output: string; readonly failed: boolean }> {
  const jest = [
    '--experimental-vm-modules',
    'node_modules/jest/bin/jest.js',
    '--config',
    'test/lab/jest.config.json',
    '--runTestsByPath',
    file,
  ];
  const command = ['--net', '--', 'sh', '-c', 'ip link set lo up; exec "$@"', 'sh', process.execPath, ...jest];
  const options = {
    cwd: ROOT,
    env: { ...process.env, [INSIDE]: 'yes', NO_COLOR: '1' },
    timeout: PATIENCE_MILLISECONDS,
    maxBuffer: 2 ** 24,
  };
  return new Promise((resolve) => {
    execFile('unshare', command, options, (failure, stdout, stderr) => resolve({ output: `${stdout}${stderr}`, failed: failure !== null }));
  });
}
