import { expect, test } from '@jest/globals';
import { type Answer, ApiPair } from '../../test/support/api-pair.ts';
import { eventually } from '../../test/support/eventually.ts';
import { checkServer, faultOfVersion, minorOf, OLDEST_MINOR, ServerTooOldError } from './server-version.ts';

const FOREVER = new AbortController().signal;

const telling =
  (gitVersion: string): Answer =>
  (_request, response) =>
    response.end(JSON.stringify({ major: '1', minor: '24+', gitVersion }));

const check = ({ client: api, clock, log }: ApiPair, signal: AbortSignal = FOREVER): Promise<void> =>
  checkServer({ api, clock, log }, signal);

test.each([
  { version: 'v1.24.17+k3s1', minor: 24, old: true },
  { version: 'v1.9.0', minor: 9, old: true },
  { version: `v1.${OLDEST_MINOR}.0`, minor: OLDEST_MINOR, old: false },
  { version: 'v1.36.1', minor: 36, old: false },
  { version: '1.100', minor: 100, old: false },
  { version: 'v2.0.0', minor: undefined, old: false },
  { version: '', minor: undefined, old: false },
])('version "$version"', ({ version, minor, old }) => {
  expect(minorOf(version)).toBe(minor);
  expect(faultOfVersion(version)).toBe(
    old ? `the API server is too old: it is ${version}, and 1.25 or later is needed, for rules in the definitions of the kinds` : undefined,
  );
});

test('a server that is too old is refused by what it is and what is needed', async () => {
  await using pair = await ApiPair.open(telling('v1.24.17'));
  await expect(check(pair)).rejects.toThrow(new ServerTooOldError(`${faultOfVersion('v1.24.17')}`));
  expect(pair.seen).toEqual(['GET /version']);
});

test('one that is new enough is named once', async () => {
  await using pair = await ApiPair.open(telling('v1.36.1'));
  await check(pair);
  expect(pair.log.messages('info')).toEqual(['the API server is v1.36.1']);
});

test('one that does not tell is believed after a while, with a word in the log', async () => {
  await using pair = await ApiPair.open((_request, response) => response.writeHead(403).end('{}'));
  let ended = false;
  const checking = check(pair).then(() => {
    ended = true;
  });
  await eventually(pair.clock, 'it gives up', () => ended);
  await checking;
  expect(pair.seen.length).toBe(10);
  expect(pair.log.messages('warn')).toEqual(['the API server does not tell its version']);
});

test('one that starts refuses at first, and is asked again', async () => {
  let refusals = 3;
  await using pair = await ApiPair.open((request, response) => {
    if (request.url === '/version' && refusals-- > 0) response.writeHead(503).end('{}');
    else telling('v1.24.0')(request, response);
  });
  let fault: unknown;
  const checking = check(pair).catch((thrown: unknown) => {
    fault = thrown;
  });
  await eventually(pair.clock, 'it is found too old', () => fault !== undefined);
  await checking;
  expect(fault).toBeInstanceOf(ServerTooOldError);
});

test('one that cannot be reached is waited for, until the process ends', async () => {
  await using pair = await ApiPair.open((request) => request.socket.destroy());
  const end = new AbortController();
  const checking = check(pair, end.signal);
  await eventually(pair.clock, 'it is tried', () => pair.seen.length > 3);
  expect(pair.log.messages('warn')).toEqual([]);
  end.abort();
  await checking;
});
