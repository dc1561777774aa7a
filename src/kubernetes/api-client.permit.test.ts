import { describe, expect, test } from '@jest/globals';
import { ApiPair as Pair } from '../../test/support/api-pair.ts';
import { eventually } from '../../test/support/eventually.ts';
import { milliseconds } from '../lib/clock.ts';
import type { WritePermit } from './api.ts';

const FOREVER = new AbortController().signal;

describe('a permit', () => {
  const permitFor = (time: () => number): WritePermit => ({ remaining: () => milliseconds(time()), whenGranted: async () => undefined });

  test('is asked when the connection is there, and not before: a pause while it is made lets nothing slip out', async () => {
    const connections: unknown[] = [];
    await using pair = await Pair.open((_request, response) => response.end('{}'));
    pair.connected((socket) => connections.push(socket));
    const asked: number[] = [];
    const permit = permitFor(() => {
      asked.push(connections.length);
      return 0;
    });
    await expect(pair.client.request({ method: 'PATCH', path: '/x', body: {}, permit }, FOREVER)).rejects.toMatchObject({
      code: 'API_NOT_PERMITTED',
      retryable: true,
      message: 'PATCH /x: not sent, this process is not permitted to write now',
    });
    expect([asked, pair.seen, pair.log.lines]).toEqual([[1], [], []]);
  });

  test('is asked again when a write that waited has its turn', async () => {
    const waiting: (() => void)[] = [];
    let granted = 1_000;
    await using pair = await Pair.open((_request, response) => void waiting.push(() => response.end('{}')), 1);
    const permit = permitFor(() => granted);
    const writes = [1, 2].map((n) => pair.client.request({ method: 'PUT', path: `/${n}`, permit }, FOREVER));
    const refused = expect(writes[1]).rejects.toMatchObject({ code: 'API_NOT_PERMITTED' });
    await eventually(pair.clock, 'the first is there', () => waiting.length === 1, milliseconds(1));
    granted = -5;
    waiting[0]?.();
    await writes[0];
    await refused;
    expect(pair.seen).toEqual(['PUT /1']);
  });

  test('gives the write its deadline; what is late is taken back, not left to the network', async () => {
    const faults: unknown[] = [];
    await using pair = await Pair.open(() => undefined);
    pair.connected((socket) => socket.on('error', (fault: NodeJS.ErrnoException) => faults.push(fault.code)));
    const late = pair.client.request({ method: 'PATCH', path: '/x', body: {}, permit: permitFor(() => 700) }, FOREVER);
    const ends = expect(late).rejects.toMatchObject({ code: 'API_TIMEOUT', retryable: true });
    await eventually(pair.clock, 'it is there', () => pair.seen.length === 1, milliseconds(1));
    pair.clock.advance(milliseconds(700));
    await ends;
    await eventually(pair.clock, 'the connection is reset', () => faults.length === 1, milliseconds(0));
    expect(faults).toEqual(['ECONNRESET']);
  });

  test('does not hold up what is urgent', async () => {
    await using pair = await Pair.open((request, response) => {
      if (request.url === '/lease') response.end('{}');
    }, 1);
    const ending = new AbortController();
    const stuck = pair.client.request({ method: 'PUT', path: '/x' }, ending.signal).catch(() => undefined);
    await eventually(pair.clock, 'it is there', () => pair.seen.length === 1);
    await expect(pair.client.request({ method: 'PUT', path: '/lease', urgent: true }, FOREVER)).resolves.toEqual({});
    ending.abort();
    await stuck;
  });
});
