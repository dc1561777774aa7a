// Gets the test servers, tells how on standard error, and prints the folder that holds them: where they lie in
// several, all of them, with colons between, as PATH wants them.
import { dirname } from 'node:path';
import { describeError, MetalError } from '../../src/lib/errors.ts';
import { ensureServers } from './servers.ts';

try {
  const report = (line: string): void => void process.stderr.write(`${line}\n`);
  const servers = await ensureServers({ environment: process.env, report });
  const folders = new Set(Object.values(servers).map((path) => dirname(path)));
  process.stdout.write(`${[...folders].join(':')}\n`);
} catch (thrown) {
  process.stderr.write(`${thrown instanceof MetalError ? thrown.message : describeError(thrown)}\n`);
  process.exitCode = 1;
}
