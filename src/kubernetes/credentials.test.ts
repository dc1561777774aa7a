import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { KubeConfig } from '@kubernetes/client-node';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { milliseconds } from '../lib/clock.ts';
import { Credentials, describeCredentialFault } from './credentials.ts';

let folder = '';
const at = (name: string): string => join(folder, name);
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'credentials-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

type User = Parameters<KubeConfig['loadFromClusterAndUser']>[1];

function credentials(user: Omit<User, 'name'>, server: string = 'https://127.0.0.1:1'): { clock: FakeClock; credentials: Credentials } {
  const config = new KubeConfig();
  const ca = server.startsWith('https') ? { caFile: at('ca') } : {};
  config.loadFromClusterAndUser({ name: 'c', server, skipTLSVerify: false, ...ca }, { name: 'u', ...user });
  writeFileSync(at('ca'), 'first');
  const clock = new FakeClock();
  return { clock, credentials: new Credentials(config, clock) };
}

describe('a token file', () => {
  const user = (): Omit<User, 'name'> => ({ authProvider: { name: 'tokenFile', config: { tokenFile: at('token') } } });

  test('is read again after a minute, and at once when the server refuses the token', async () => {
    writeFileSync(at('token'), 'one\n');
    const { clock, credentials: ours } = credentials(user());
    const token = async (): Promise<string | undefined> => (await ours.current()).headers.Authorization;
    expect(await token()).toBe('Bearer one');
    writeFileSync(at('token'), 'two\n');
    clock.advance(milliseconds(59_999));
    expect(await token()).toBe('Bearer one');
    clock.advance(milliseconds(1));
    expect(await token()).toBe('Bearer two');
    writeFileSync(at('token'), 'three\n');
    ours.expire();
    expect(await token()).toBe('Bearer three');
  });

  test('that is missing is named, and found once it is there', async () => {
    rmSync(at('token'), { force: true });
    const { credentials: ours } = credentials(user());
    const fault = await ours.current().catch((thrown: unknown) => describeCredentialFault(thrown));
    expect(fault).toBe(`${at('token')}: ENOENT`);
    writeFileSync(at('token'), 'late');
    expect((await ours.current()).headers.Authorization).toBe('Bearer late');
  });
});

describe('a plug-in', () => {
  const plugin = (script: string): Omit<User, 'name'> => ({ exec: { command: '/bin/sh', args: ['-c', script] } });
  const credential = (token: string): string => JSON.stringify({ status: { token } });

  test('is run once, and again when its token is refused', async () => {
    const { clock, credentials: ours } = credentials(plugin(`echo x >> ${at('runs')}; echo '${credential('t')}'`));
    const runs = async (): Promise<number> => {
      await ours.current();
      const { readFileSync } = await import('node:fs');
      return readFileSync(at('runs'), 'utf8').length / 2;
    };
    expect((await ours.current()).headers.Authorization).toBe('Bearer t');
    clock.advance(milliseconds(120_000));
    expect(await runs()).toBe(1);
    ours.expire();
    expect(await runs()).toBe(2);
  });

  test.each([
    { name: 'its complaint is passed on', script: 'echo "log in first" >&2; exit 1', fault: 'log in first' },
    { name: 'what it printed is not', script: 'echo c2VjcmV0', fault: 'the plug-in did not print an ExecCredential' },
  ])('$name', async ({ script, fault }) => {
    const { credentials: ours } = credentials(plugin(script));
    expect(await ours.current().catch((thrown: unknown) => describeCredentialFault(thrown))).toBe(fault);
  });

  test('that does not exist is named', async () => {
    const { credentials: ours } = credentials({ exec: { command: '/none/plugin' } });
    expect(await ours.current().catch((thrown: unknown) => describeCredentialFault(thrown))).toBe('/none/plugin: ENOENT');
  });
});

describe('connections', () => {
  test('stay while the certificates do, and are made anew when these change', async () => {
    const { clock, credentials: ours } = credentials({ token: 't' });
    const agents = [(await ours.current()).agent];
    for (const ca of ['first', 'second']) {
      writeFileSync(at('ca'), ca);
      clock.advance(milliseconds(60_000));
      agents.push((await ours.current()).agent);
    }
    expect([agents[0] === agents[1], agents[1] === agents[2]]).toEqual([true, false]);
    expect(agents[0]).toBeInstanceOf(https.Agent);
    ours.close();
  });

  test('over plain HTTP nothing secret is sent', async () => {
    const { credentials: ours } = credentials({ token: 't' }, 'http://127.0.0.1:1');
    const { headers, agent } = await ours.current();
    expect([headers, agent instanceof https.Agent, agent instanceof http.Agent]).toEqual([{}, false, true]);
  });

  test('a name and a password', async () => {
    const { credentials: ours } = credentials({ username: 'me', password: 'p' });
    expect((await ours.current()).headers.Authorization).toBe(`Basic ${btoa('me:p')}`);
  });
});
