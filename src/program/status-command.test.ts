import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { expect, test } from '@jest/globals';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { runStatusCommand, statusPathIn } from './status-command.ts';

async function command(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  const said = { out: '', err: '' };
  const streamOf = (name: 'out' | 'err'): Writable =>
    new Writable({
      write: (chunk, _, done) => {
        said[name] += String(chunk);
        done();
      },
    });
  const surroundings = { argv: ['status', ...argv], environment: {}, stdout: streamOf('out'), stderr: streamOf('err') };
  const code = await runStatusCommand({ ...surroundings, clock: new FakeClock(), signal: new AbortController().signal });
  return { code, ...said };
}

test('what the speaker tells is printed as it is; where there is none, that is said', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'status-'));
  try {
    const none = await command(`--state-directory=${folder}`);
    expect([none.code, none.out]).toEqual([1, '']);
    expect(none.err).toMatch(
      /^speaker status: .+status\.sock: no speaker tells its status here, or it is not yours to ask \(.*ENOENT.*\)\n$/,
    );
    const server = createServer((socket) => socket.end('{"form":1}\n'));
    await new Promise<void>((resolve) => void server.listen(statusPathIn(folder), resolve));
    expect(await command('--state-directory', folder)).toEqual({ code: 0, out: '{"form":1}\n', err: '' });
    await new Promise((resolve) => void server.close(resolve));
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a wrong flag is refused, and --help helps', async () => {
  expect(await command('--nonsense')).toMatchObject({ code: 1, err: expect.stringContaining('nonsense') });
  expect(await command('--help')).toMatchObject({ code: 0, out: expect.stringContaining('--state-directory') });
});
