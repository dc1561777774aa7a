import { arpRequest, BROADCAST, type RequestText } from './arp-text.ts';

/** A frame that nobody well-meaning sends. */
export interface OddFrame {
  readonly what: string;
  readonly hex: string;
}

/** Whom the frames are aimed at, and who asks. */
export interface Target {
  /** An address that is announced. */
  readonly address: string;
  /** The MAC of the node that announces it. */
  readonly owner: string;
  /** The station that sends all of them. */
  readonly source: string;
}

/** Asks in them; an address that no host has, so that no host's own table is spoiled. */
const SENDER_IP = '198.51.100.77';

const ETHERNET_HEADER_OCTETS = 14;
const ARP_FRAME_OCTETS = 42;
/** The longest frame of a link with an MTU of 1,500. */
const LONGEST_OCTETS = 1_514;
const RANDOM_FRAMES = 500;

/** Frames with one thing wrong each: shortened everywhere, lying in each length and type, from and to impossible stations. */
export function oddFrames({ address, owner, source }: Target): OddFrame[] {
  const plausible = { targetIp: address, senderMac: source, senderIp: SENDER_IP, source };
  const request = (more: Partial<RequestText> = {}): string => arpRequest({ ...plausible, ...more });
  const plain = request();
  const runts = Array.from({ length: ARP_FRAME_OCTETS - ETHERNET_HEADER_OCTETS }, (_, octets) => ({
    what: `cut after ${octets + ETHERNET_HEADER_OCTETS} octets`,
    hex: plain.slice(0, 2 * (octets + ETHERNET_HEADER_OCTETS)),
  }));
  const lies = ([what, at, digits]: Lie): OddFrame => ({
    what,
    hex: plain.slice(0, 2 * at) + digits + plain.slice(2 * at + digits.length),
  });
  return [
    ...runts,
    ...LIES.map(lies),
    { what: 'as long as the link takes', hex: plain.padEnd(2 * LONGEST_OCTETS, 'a5') },
    { what: 'to the owner alone', hex: request({ destination: owner }) },
    { what: 'to another station', hex: request({ destination: '02:00:5e:00:53:fe' }) },
    { what: 'from nobody', hex: request({ senderMac: '00:00:00:00:00:00' }) },
    { what: 'from everybody', hex: request({ senderMac: BROADCAST }) },
    { what: 'from a group', hex: request({ senderMac: '01:00:5e:00:00:01' }) },
    { what: 'from the owner', hex: request({ senderMac: owner }) },
    { what: 'somebody else has the address', hex: request({ senderIp: address }) },
    { what: 'a probe', hex: request({ senderIp: '0.0.0.0' }) },
    { what: 'from another subnet', hex: request({ senderIp: '203.0.113.77' }) },
    { what: 'for an address that nobody has', hex: request({ targetIp: '198.51.100.99' }) },
  ];
}

/** What a field claims, where it begins (octets), and the claim. */
type Lie = readonly [what: string, at: number, digits: string];

const LIES: readonly Lie[] = [
  ['no hardware type', 14, '0000'],
  ['another hardware type', 14, 'ffff'],
  ['another protocol type', 16, '86dd'],
  ['hardware addresses of no octet', 18, '00'],
  ['hardware addresses of 255 octets', 18, 'ff'],
  ['protocol addresses of no octet', 19, '00'],
  ['protocol addresses of 16 octets', 19, '10'],
  ['protocol addresses of 255 octets', 19, 'ff'],
  ['operation 0', 20, '0000'],
  ['operation 65535', 20, 'ffff'],
];

/** Frames of random lengths and contents behind a header that brings them to the owner's ARP sockets; the seed decides all. */
export function randomFrames({ owner, source }: Target, seed: number): OddFrame[] {
  const next = generator(seed);
  return Array.from({ length: RANDOM_FRAMES }, (_, index) => {
    const destination = index % 2 === 0 ? BROADCAST : owner;
    const octets = Array.from({ length: next() % 100 }, () => (next() & 0xff).toString(16).padStart(2, '0'));
    const header = `${destination}${source}0806`.replaceAll(':', '');
    return { what: `random frame ${index} of seed ${seed}`, hex: header + octets.join('') };
  });
}

/** Numbers of 31 bits, the same for the same seed (the linear congruential generator of POSIX's rand48, upper bits). */
export function generator(seed: number): () => number {
  let state = BigInt(seed);
  return () => {
    state = (state * 0x5deece66dn + 0xbn) & 0xffff_ffff_ffffn;
    return Number(state >> 17n);
  };
}
