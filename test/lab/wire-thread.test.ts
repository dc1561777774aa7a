import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { milliseconds } from '../../src/lib/clock.ts';
import type { Report } from '../../src/model/plan.ts';
import { announcement } from '../support/announcements.ts';
import { arpRequest } from '../support/arp-frames.ts';
import { describeInOwnNamespace } from '../support/lab/own-namespace.ts';
import { ANSWER, ip, MAC, NEIGHBOR_ANSWER, POLL_MILLISECONDS, WireScene } from './support/wire-scene.ts';

const PROMISES: readonly (readonly [promise: string, prove: (scene: WireScene) => Promise<void>])[] = [
  [
    'answers, announces, reports its links and that it is ready',
    async (scene) => {
      await scene.until('the thread is ready', () => scene.reports.some(({ kind }) => kind === 'ready'));
      expect(scene.reports).toContainEqual({ kind: 'interfaces', names: ['node'] });
      // The link has a link-local address a moment after it is up.
      await scene.until('both protocols are spoken', () => scene.lines.length === 2);
      expect(scene.lines.toSorted()).toEqual(['created ARP responder for interface', 'created NDP responder for interface']);
      await expect(scene.thread.ping(milliseconds(20_000), scene.signal)).resolves.toBe('answering');
      await scene.until('the burst', () => scene.heard.includes(`request 10.1.0.7 is ${MAC} to ff:ff:ff:ff:ff:ff`));
      const counted = (report: Report): boolean => report.kind === 'counts' && report.counts.some(({ ip: of }) => of === '10.0.0.1');
      await scene.until('the counts', () => scene.reports.some(counted));
    },
  ],
  [
    'answers neighbours about IPv6, tells them unasked, and listens in the group',
    async (scene) => {
      await scene.until('an answer', () => scene.askNeighbor() && scene.heard.some((line) => NEIGHBOR_ANSWER.test(line)));
      const told = new RegExp(`^fd00::1 is ${MAC} to ff02::1 33:33:00:00:00:01 from fe80::.*, override$`);
      await scene.until('the burst', () => scene.heard.some((line) => told.test(line)));
      await scene.until('the group', () => /ff02::1:ff00:1\b/.test(ip('-6', 'maddress', 'show', 'dev', 'node')));
      ip('link', 'set', 'node', 'down');
      await scene.until('the responder is deleted', () => scene.lines.includes('deleted NDP responder for interface'));
      ip('link', 'set', 'node', 'up');
      scene.heard = [];
      await scene.until('an answer again', () => scene.askNeighbor() && scene.heard.some((line) => NEIGHBOR_ANSWER.test(line)));
    },
  ],
  [
    'does not answer any more for an address that was taken away',
    async (scene) => {
      scene.thread.apply({ kind: 'announce', announcement: announcement('default/a', ['10.0.0.1']) });
      const answersForIt = async (): Promise<boolean> => {
        await scene.answered();
        scene.send(arpRequest('10.1.0.7'));
        scene.heard = scene.heard.filter((line) => line !== ANSWER);
        await scene.until('the answer to a later question', () => scene.send(arpRequest('10.0.0.1')) && scene.heard.includes(ANSWER));
        return scene.heard.some((line) => line.startsWith('reply 10.1.0.7 '));
      };
      for (let round = 0; round < 50 && (await answersForIt()); round++) await sleep(POLL_MILLISECONDS);
      await expect(answersForIt()).resolves.toBe(false);
    },
  ],
  [
    'follows its link: another MAC, down and up',
    async (scene) => {
      const changed = ANSWER.replace(MAC, '02:00:00:00:00:0b');
      ip('link', 'set', 'node', 'address', '02:00:00:00:00:0b');
      await scene.answered(changed);
      ip('link', 'set', 'node', 'down');
      await scene.until('the responder is deleted', () => scene.lines.includes('deleted ARP responder for interface'));
      ip('link', 'set', 'node', 'up');
      await scene.answered(changed);
    },
  ],
  [
    'comes back after it was ended in the midst of a flood, again and again, and leaves no descriptor open',
    async (scene) => {
      const open = (): number => readdirSync('/proc/self/fd').length;
      const before = open();
      const starts = (): number => scene.reports.filter(({ kind }) => kind === 'ready').length;
      const ends = (): number => scene.lines.filter((line) => line.startsWith('the wire thread ended')).length;
      for (let round = 1; round <= 5; round++) {
        // An answer may still be one of the thread before.
        await scene.until('the thread is ready', () => starts() === round);
        scene.flood(500);
        scene.thread.restart();
        scene.flood(500);
        await scene.until('the thread has ended', () => ends() === round);
      }
      await scene.until('the last thread is ready', () => starts() === ends() + 1);
      await scene.answered();
      await scene.until('what the ended threads had open is closed', () => open() <= before + 2);
    },
  ],
  [
    'lives through any octets',
    async (scene) => {
      const frame = new Uint8Array(128);
      for (let round = 0; round < 100_000; round++) {
        // A generator of its own: the same octets in each run. Most are ARP for a held address with something wrong in it.
        for (let at = 0; at < 3; at++) frame[(round * 7 + at * 31) % 60] = (round * 2_654_435_761 + at * 40_503) >>> 11;
        scene.send(frame.subarray(0, 14 + ((round * 13) % 115)));
        if (round % 50 === 0) frame.set(arpRequest('10.0.0.1'));
        if (round % 2_000 === 0) await sleep(0);
      }
      await scene.answered();
      // What comes faster than it can be read is lost, and said once a minute, if this takes so long.
      expect(scene.lines.filter((line) => !/^created |^\d+ ARP requests were lost in the last minute/.test(line))).toEqual([]);
    },
  ],
];

describeInOwnNamespace('the wire thread on the sockets of the kernel', import.meta.url, () => {
  let scene: WireScene;
  beforeEach(async () => {
    scene = new WireScene();
    await scene.answered();
  });
  afterEach(() => scene.end());

  test.each(PROMISES)('%s', (_, prove) => prove(scene));

  test('without the capability says so in one line and goes on', () => {
    const script = fileURLToPath(new URL('../support/lab/wire-reports.ts', import.meta.url));
    const node = [process.execPath, '--disable-warning=ExperimentalWarning', script];
    const output = execFileSync('setpriv', ['--bounding-set=-net_raw', '--inh-caps=-net_raw', '--', ...node], { encoding: 'utf8' });
    const said = output
      .trim()
      .split('\n')
      .map((line): Report | { kind: 'health'; health: string } => JSON.parse(line));
    const errors = said.filter((report) => report.kind === 'log' && report.level === 'error');
    expect(errors).toEqual([expect.objectContaining({ message: expect.stringContaining('needs the capability NET_RAW') })]);
    expect(said.at(-1)).toEqual({ kind: 'health', health: 'waiting' });
  });
});
