import { expect, test } from '@jest/globals';
import type { SessionReport } from '../../model/bgp-plan.ts';
import { HeldSessions, type HeldSessionsFile } from './held-sessions.ts';

class MemoryFile implements HeldSessionsFile {
  text: string | undefined;
  writes: number = 0;

  read(): string | undefined {
    return this.text;
  }

  write(text: string): void {
    this.text = text;
    this.writes++;
  }
}

function session(peer: string, state: SessionReport['state'] = 'established', vrf?: string): SessionReport {
  return { peer, address: '198.51.100.1:179', vrf, state } as SessionReport;
}

test('sessions that were up are known to the next process of the same life of the kernel', () => {
  const file = new MemoryFile();
  new HeldSessions('boot-1', file).take([session('tor'), session('other', 'open-confirm'), session('red', 'established', 'red')]);
  expect(new HeldSessions('boot-1', file).keys).toEqual(['tor 198.51.100.1:179 ', 'red 198.51.100.1:179 red']);
  expect(new HeldSessions('boot-2', file).keys).toEqual([]);
});

test('one that broke is known still, and what is known is written once', () => {
  const file = new MemoryFile();
  const held = new HeldSessions('boot-1', file);
  for (const state of ['connect', 'established', 'idle', 'established'] as const) held.take([session('tor', state)]);
  held.take([]);
  expect([held.keys, file.writes]).toEqual([['tor 198.51.100.1:179 '], 1]);
});

test.each(['', 'no JSON', 'null', '[]', '{"bootId":"boot-1"}', '{"bootId":"boot-1","sessions":[7]}'])(
  'a file that holds %p holds nothing',
  (text) => {
    const file = new MemoryFile();
    file.text = text;
    expect(new HeldSessions('boot-1', file).keys).toEqual([]);
  },
);

test('a kernel that does not say which life it is in has no memory', () => {
  const file = new MemoryFile();
  new HeldSessions('', file).take([session('tor')]);
  expect(file.writes).toBe(0);
});

test('peers that come and go for ever do not fill the file', () => {
  const file = new MemoryFile();
  const held = new HeldSessions('boot-1', file);
  held.take(Array.from({ length: 1_500 }, (_, index) => session(`peer-${index}`)));
  expect([held.keys.length, held.keys.at(-1)]).toEqual([1_000, 'peer-1499 198.51.100.1:179 ']);
});
