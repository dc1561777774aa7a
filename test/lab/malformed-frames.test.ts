import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Ipv4 } from '../../src/lib/ipv4.ts';
import { BROADCAST_MAC, type Mac, ZERO_MAC } from '../../src/lib/mac.ts';
import { numberOf } from '../support/announcements.ts';
import { ASKER, arpRequest } from '../support/arp-frames.ts';
import { describeInOwnNamespace } from '../support/lab/own-namespace.ts';
import { neighborSolicitation, type Solicitation } from '../support/ndp-frames.ts';
import { type ArpText, readArp } from './support/arp-text.ts';
import { generator } from './support/odd-frames.ts';
import { WireScene } from './support/wire-scene.ts';

/**
 * Questions with one thing wrong each, through the kernel's own sockets and the filter: what becomes of them on the wire.
 * Behind each goes a proper question for another address: when that is answered, what came before it has been judged.
 */

interface Row {
  readonly what: string;
  readonly frame: Uint8Array;
  readonly gets: 'one answer' | 'no answer';
}

const NODE = 0x0200_0000_000a as Mac;
const OTHER_STATION = 0x0200_0000_0077 as Mac;
const ARP_GROUP = 0x0100_5e00_0001 as Mac;
/** What is asked for in them; the proper questions are for other addresses. */
const WANTED = '10.1.0.7';
const WANTED_IPV6 = 'fd00::2';
/** The asker in them, so that an answer is not taken for what is told unasked. */
const SENDER = '10.9.9.9';
const LONGEST_OCTETS = 1_514;
const RANDOM_FRAMES = 20_000;
const AT_ONCE = 1_000;
const SEED = 20_261_129;
/** Askers that are all different, scattered over one vendor's numbers. */
const FLOOD_QUESTIONS = 50_000;
const FIRST_MAC = 0x0206_0000_0000;
const MAC_STEP = 83_777;

let scene: WireScene;

const request = (change: Parameters<typeof arpRequest>[1] = {}): Uint8Array =>
  arpRequest(WANTED, { senderIp: numberOf(SENDER), ...change });
const solicitation = (change: Solicitation = {}): Uint8Array => neighborSolicitation(WANTED_IPV6, change);

/** The frame with other octets from `at` on. */
function changed(frame: Uint8Array, at: number, ...octets: readonly number[]): Uint8Array {
  const bytes = frame.slice();
  bytes.set(octets, at);
  return bytes;
}

/** The frame with VLAN tags between its addresses and its type (IEEE 802.1Q), the outermost first. */
function tagged(frame: Uint8Array, ...vlans: readonly number[]): Uint8Array {
  const tags = vlans.flatMap((vlan) => [0x81, 0x00, vlan >> 8, vlan & 0xff]);
  return Uint8Array.from([...frame.subarray(0, 12), ...tags, ...frame.subarray(12)]);
}

function padded(frame: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(LONGEST_OCTETS).fill(0xa5);
  bytes.set(frame);
  return bytes;
}

const rows = (gets: Row['gets'], frames: Readonly<Record<string, Uint8Array>>): Row[] =>
  Object.entries(frames).map(([what, frame]) => ({ what, frame, gets }));

const ARP_ROWS: readonly Row[] = [
  ...rows('one answer', {
    'a plain question': request(),
    'one without padding': request().subarray(0, 42),
    'one as long as the link takes': padded(request()),
    'one to the node alone': request({ destination: NODE }),
    'a probe from 0.0.0.0': request({ senderIp: 0 as Ipv4 }),
    'one that somebody sent for another': request({ source: OTHER_STATION }),
    'one with a priority and no VLAN (VLAN 0)': tagged(request(), 0xe000),
  }),
  ...rows('no answer', {
    'one that is an octet short': request().subarray(0, 41),
    'one that is cut within its types': request().subarray(0, 20),
    'one in VLAN 5': tagged(request(), 5),
    'one in two VLANs': tagged(request(), 5, 7),
    'hardware type Frame Relay': changed(request(), 14, 0, 15),
    'protocol type IPv6': changed(request(), 16, 0x86, 0xdd),
    'hardware addresses of no octet': changed(request(), 18, 0),
    'hardware addresses of 255 octets': changed(request(), 18, 255),
    'protocol addresses of no octet': changed(request(), 19, 0),
    'protocol addresses of 16 octets': changed(request(), 19, 16),
    'operation 0': request({ operation: 0 }),
    'a reply': request({ operation: 2 }),
    'a reverse request': request({ operation: 3 }),
    'operation 65535': request({ operation: 0xffff }),
    'one to another station': request({ destination: OTHER_STATION }),
    'one to a group': request({ destination: ARP_GROUP }),
    'a sender that is everybody': request({ senderMac: BROADCAST_MAC }),
    'a sender that is a group': request({ senderMac: ARP_GROUP }),
    'a sender that is nobody': request({ senderMac: ZERO_MAC }),
    'a sender that has the address itself': request({ senderIp: numberOf(WANTED) }),
  }),
];

/** Made wrong after its checksum. */
const wrongSum = changed(solicitation(), 57, (solicitation()[57] ?? 0) ^ 1);

const NDP_ROWS: readonly Row[] = [
  ...rows('one answer', {
    'a plain question': solicitation(),
    'one to the node alone': solicitation({ destination: NODE, destinationIp: WANTED_IPV6 }),
    'one without a link-layer address': solicitation({ sourceMac: undefined, source: ASKER.mac }),
    'one with an option that nobody knows': solicitation({ options: [253, 1, 9, 9, 9, 9, 9, 9] }),
    'one with octets behind its end': padded(solicitation()),
  }),
  ...rows('no answer', {
    'a hop limit of 64': solicitation({ set: { 21: 64 } }),
    'a hop limit of 254': solicitation({ set: { 21: 254 } }),
    'a wrong checksum': wrongSum,
    'one that is cut before its options': solicitation().subarray(0, 77),
    'one that is cut within its options': solicitation().subarray(0, 84),
    'a payload shorter than the message': solicitation({ set: { 19: 23 } }),
    'a payload longer than the frame': solicitation({ set: { 18: 0xff } }),
    'an option of no length': solicitation({ options: [14, 0, 0, 0, 0, 0, 0, 0] }),
    'an option beyond the end': solicitation({ options: [14, 2, 0, 0, 0, 0, 0, 0] }),
    'a piece of an option': solicitation({ options: [14, 1, 0] }),
    'a link-layer address that is no MAC': solicitation({ sourceMac: undefined, options: [1, 2, ...new Array<number>(14).fill(2)] }),
    'a link-layer address that is everybody': solicitation({ sourceMac: BROADCAST_MAC }),
    'a link-layer address that is nobody': solicitation({ sourceMac: ZERO_MAC }),
    'a group as the asker': solicitation({ sourceIp: 'ff02::1' }),
    'an asker that has the address itself': solicitation({ sourceIp: WANTED_IPV6 }),
    'version 4': solicitation({ set: { 14: 0x45 } }),
    'an extension header': solicitation({ set: { 20: 0 } }),
    'code 1': solicitation({ set: { 55: 1 } }),
    'an advertisement': solicitation({ set: { 54: 136 } }),
    'one in VLAN 5': tagged(solicitation(), 5),
    'one to another station': solicitation({ destination: OTHER_STATION }),
    'one to the group of another address': solicitation({ destination: 0x3333_ff00_0077 as Mac }),
  }),
];

function arpReplies(): ArpText[] {
  const frames = scene.frames.filter((frame) => frame.readUInt16BE(12) === 0x0806);
  return frames.map((frame) => readArp(frame.toString('hex'))).filter(({ operation }) => operation === 2);
}

/** What came for the asker of these frames, not for everybody. */
function arpAnswers(): number {
  const answers = arpReplies().filter(({ senderIp }) => senderIp === WANTED);
  return answers.filter(({ targetIp, destination }) => targetIp === SENDER || !destination.startsWith('ff:')).length;
}

/** Solicited advertisements, by anybody's MAC. */
function neighborAnswers(): number {
  return scene.heard.filter((line) => line.startsWith(`${WANTED_IPV6} is `) && line.includes('solicited')).length;
}

/** No two proper questions have one asker: the answer to one is never taken for that to another. */
let askers = 0;

/** Asks properly, and is fulfilled when that is answered. */
async function askProperly(): Promise<void> {
  const asker = `10.8.${++askers >> 8}.${askers & 0xff}`;
  expect(scene.send(arpRequest('10.0.0.1', { senderIp: numberOf(asker) }))).toBe(true);
  await scene.until(`the answer to ${asker}`, () => arpReplies().some(({ targetIp }) => targetIp === asker));
}

/** The same by neighbour discovery. */
async function solicitProperly(): Promise<void> {
  const asker = `fe80::8:${(++askers).toString(16)}`;
  expect(scene.send(neighborSolicitation('fd00::1', { sourceIp: asker }))).toBe(true);
  await scene.until(`the answer to ${asker}`, () => scene.heard.some((line) => line.includes(` to ${asker} `)));
}

/** Sends a row's frame and counts the answers that came until the proper question behind it was answered. */
async function answersTo(frame: Uint8Array, proper: () => Promise<void>, count: () => number): Promise<number> {
  scene.frames = [];
  scene.heard = [];
  expect(scene.send(frame)).toBe(true);
  await proper();
  return count();
}

function named(answers: number): string {
  if (answers === 0) return 'no answer';
  return answers === 1 ? 'one answer' : `${answers} answers`;
}

describeInOwnNamespace('malformed frames', import.meta.url, () => {
  beforeAll(async () => {
    scene = new WireScene();
    await scene.answered();
    await scene.neighborAnswered();
  });
  afterAll(() => scene.end());

  describe('of ARP', () => {
    test.each(ARP_ROWS)('$what: $gets', async ({ frame, gets }) => {
      expect(named(await answersTo(frame, askProperly, arpAnswers))).toBe(gets);
    });
  });

  describe('of neighbour discovery', () => {
    test.each(NDP_ROWS)('$what: $gets', async ({ frame, gets }) => {
      expect(named(await answersTo(frame, solicitProperly, neighborAnswers))).toBe(gets);
    });
  });

  test('solicitations with any octets in them cost nothing but their reading', async () => {
    const next = generator(SEED);
    for (let round = 0; round < RANDOM_FRAMES; round++) {
      const frame = solicitation({ options: Array.from({ length: next() % 40 }, () => next() & 0xff) });
      if (round % 2 === 0) frame[14 + (next() % (frame.length - 14))] = next() & 0xff;
      scene.send(frame);
      // No more at once than the queue holds: what is lost there is in the log.
      if (round % AT_ONCE === AT_ONCE - 1) await solicitProperly();
    }
  });

  test('fifty thousand questions of as many askers get one answer each, and the next asker is served', async () => {
    let answers = 0;
    for (let first = 0; first < FLOOD_QUESTIONS; first += AT_ONCE) {
      scene.frames = [];
      for (let asker = first; asker < first + AT_ONCE; asker++) {
        const senderMac = (FIRST_MAC + asker * MAC_STEP) as Mac;
        expect(scene.send(request({ source: senderMac, senderMac }))).toBe(true);
      }
      await askProperly();
      answers += new Set(arpReplies().flatMap(({ targetIp, targetMac }) => (targetIp === SENDER ? targetMac : []))).size;
    }
    expect(answers).toBe(FLOOD_QUESTIONS);
  });

  test('nothing of it is in the log', () => {
    expect(scene.lines.filter((line) => !line.startsWith('created '))).toEqual([]);
  });
});
