import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { addressOf, announce, announcement, numberOf } from '../../../test/support/announcements.ts';
import { arpRequest } from '../../../test/support/arp-frames.ts';
import { settle } from '../../../test/support/fake-clock.ts';
import { SpeakerPair } from '../../../test/support/speaker-pair.ts';
import type { Mac } from '../../lib/mac.ts';
import type { PlanChange, Report } from '../../model/plan.ts';
import { ARP_REPLY } from '../wire/arp.ts';

/** Ten minutes of hellos, on a machine that does other things as well. */
const LONG_MS = 60_000;
const MINUTE = 60_000;
const OWN = '10.0.0.210';
const MAC_OF_B = 0x0200_0000_0003 as Mac;

let scene: SpeakerPair;
beforeEach(() => {
  scene = new SpeakerPair();
});
afterEach(() => scene[Symbol.dispose]());

/** Both speakers have met, a has heard all of its plan and has an address, and then nothing more is heard of b. */
async function buried(...planned: readonly string[]): Promise<void> {
  await scene.start();
  scene.a.take({ kind: 'changes', changes: [planFor(planned), announce('default/a', [OWN])] });
  await scene.run(1_000);
  scene.kernels = false;
  scene.cut();
  // Both links are in one table here, and what another interface of the own node says is no news: b's has its MAC no more.
  scene.network.put({ index: 3, mac: 0x0200_0000_0033 as Mac });
  await scene.run(5_000);
  expect(scene.gone('a')).toEqual(['b']);
}

/** Services of which b alone may answer for the address. */
function planFor(addresses: readonly string[]): PlanChange {
  const announcements = addresses.map((text, index) => {
    const candidacy = { address: addressOf(text), self: false, contenders: new Map([['b', 0]]) };
    return { ...announcement(`default/of-b-${index}`, [text]), candidacy };
  });
  return { kind: 'replace', announcements };
}

/** Whoever has the MAC of b says that a's address is his; gives what a says of it. */
async function usurp(): Promise<readonly Report[]> {
  const before = scene.reports.a.length;
  scene.network.receive(2, arpRequest(OWN, { operation: ARP_REPLY, source: MAC_OF_B, senderMac: MAC_OF_B, senderIp: numberOf(OWN) }));
  await settle();
  await scene.run(100);
  return scene.reports.a.slice(before).filter(({ kind }) => kind === 'conflict');
}

test(
  'the MAC of a node is a node’s until that is forgotten, and then a stranger’s',
  async () => {
    await buried();
    await scene.run(9 * MINUTE);
    expect([scene.gone('a'), await usurp()]).toEqual([['b'], []]);
    await scene.run(2 * MINUTE);
    expect([scene.gone('a'), await usurp()]).toEqual([[], [expect.objectContaining({ what: 'thief', address: OWN, node: '' })]]);
  },
  LONG_MS,
);

test.each<{ what: string; planned: readonly string[]; gone: readonly string[] }>([
  { what: 'no Service has any more, is forgotten', planned: [], gone: [] },
  { what: 'a Service has, which nobody else may answer for, is not', planned: ['10.0.0.200'], gone: ['b'] },
])(
  'a node that died with an address that $what',
  async ({ planned, gone }) => {
    await buried(...planned);
    await scene.run(11 * MINUTE);
    expect(scene.gone('a')).toEqual(gone);
  },
  LONG_MS,
);
