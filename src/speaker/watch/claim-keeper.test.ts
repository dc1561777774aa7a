import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { addressOf } from '../../../test/support/announcements.ts';
import { RecordingLogger } from '../../../test/support/recording-logger.ts';
import type { OwnerClaim } from '../../model/plan.ts';
import { ClaimKeeper } from './claim-keeper.ts';
import { KeptText, type TextFile } from './kept-text.ts';

const GRACE_SECONDS = 30;
const CLAIMS: readonly OwnerClaim[] = [
  { address: addressOf('198.51.100.1'), epoch: 7, owner: 'node-1', leaving: false },
  { address: addressOf('2001:db8::1'), epoch: 4_294_967_295, owner: 'node-2', leaving: true },
];

/** The folder of a node. */
class Disk {
  readonly #texts: Record<'claims' | 'alive', string | undefined> = { claims: undefined, alive: undefined };
  readonly log = new RecordingLogger();
  boot = 'boot-1';
  seconds = 100;

  /** A process starts; one that lives writes its sign of life. */
  start(): ClaimKeeper {
    return new ClaimKeeper({ file: this.#kept('claims'), alive: this.#kept('alive'), graceSeconds: GRACE_SECONDS, log: this.log });
  }

  live(): void {
    this.#kept('alive').write('');
  }

  put(text: string): void {
    this.#kept('claims').write(text);
  }

  #kept(name: 'claims' | 'alive'): KeptText {
    const file: TextFile = {
      read: () => this.#texts[name],
      write: (text) => {
        this.#texts[name] = text;
      },
    };
    return new KeptText(file, { id: this.boot, seconds: () => this.seconds });
  }
}

test('what one process knew the next one remembers, and it is recent', () => {
  const disk = new Disk();
  const keeper = disk.start();
  expect(keeper.memory).toBeUndefined();
  keeper.take({ claims: CLAIMS, met: true });
  disk.seconds += 5;
  expect(disk.start().memory).toEqual({ claims: CLAIMS, met: true, recent: true });
  expect(keeper.memory).toEqual({ claims: CLAIMS, met: true, recent: true });
});

test.each<{ what: string; silentSeconds: number; recent: boolean | undefined; boot?: string }>([
  { what: 'within the grace', silentSeconds: 20, recent: true },
  { what: 'after most of the grace', silentSeconds: 21, recent: false },
  { what: 'while others remember that an address is nobody’s', silentSeconds: 600, recent: false },
  { what: 'later', silentSeconds: 601, recent: undefined },
  { what: 'after a restart of the node', silentSeconds: 1, recent: undefined, boot: 'boot-2' },
])('a process that starts $what: recent is $recent', ({ silentSeconds, recent, boot }) => {
  const disk = new Disk();
  disk.start().take({ claims: CLAIMS, met: true });
  // The claims do not change for an hour in which the speaker lives.
  disk.seconds += 3_600;
  disk.live();
  disk.seconds += silentSeconds;
  disk.boot = boot ?? disk.boot;
  expect(disk.start().memory?.recent).toBe(recent);
  expect(disk.log.lines).toEqual([]);
});

test.each<{ what: string; text: string }>([
  { what: 'that is cut', text: '{"form":1,"met":true,"claims":[["198.51.100.1",7' },
  { what: 'of another form', text: '{"form":2,"met":true,"claims":[]}' },
  { what: 'of another program', text: 'ssh-rsa AAAA' },
  { what: 'that is null', text: 'null' },
  { what: 'with a name that no node has', text: '{"form":1,"met":true,"claims":[["198.51.100.1",7,"Node 1",false]]}' },
  { what: 'with an epoch that no claim has', text: '{"form":1,"met":true,"claims":[["198.51.100.1",-1,"node-1",false]]}' },
  { what: 'with one address that is none', text: '{"form":1,"met":true,"claims":[["198.51.100.1",7,"a",false],["x",7,"a",false]]}' },
  { what: 'with more than anybody has', text: JSON.stringify({ form: 1, met: true, claims: Array.from({ length: 65_537 }, () => 0) }) },
])('a file $what is ignored, with one line', ({ text }) => {
  const disk = new Disk();
  disk.put(text);
  expect(disk.start().memory).toBeUndefined();
  expect(disk.log.lines.map(({ level, message }) => `${level} ${message}`)).toEqual([
    'warn the kept claims cannot be read: this speaker asks the others',
  ]);
});

test('whatever lies in the file: no exception, and no memory of what is no claim', () => {
  const row = fc.tuple(fc.oneof(fc.ipV4(), fc.string()), fc.oneof(fc.nat(), fc.double()), fc.string(), fc.boolean());
  const content = fc.record({ form: fc.constantFrom(1, '1'), met: fc.anything(), claims: fc.oneof(fc.array(row), fc.anything()) });
  fc.assert(
    fc.property(content, (value) => {
      const disk = new Disk();
      disk.put(JSON.stringify(value));
      for (const { epoch, owner } of disk.start().memory?.claims ?? []) expect([epoch > 0, owner.length > 0]).toEqual([true, true]);
    }),
  );
});
