import { bgpMessage, bgpUpdate, TYPE } from './bgp-octets.ts';
import { octetsOf } from './octets.ts';

/** One thing that no router should say, and what has to come of it. */
export interface BadMessage {
  readonly what: string;
  readonly says: readonly Uint8Array[];
  /** Code, subcode and data of the NOTIFICATION that RFC 4271, Section 6, wants. */
  readonly answer: string;
  /** Part of the sentence in the log. */
  readonly reason: string;
}

const MARKER = 'ff'.repeat(16);
/** 64600, the AS of the router, in two octets. */
const AS = 'fc58';
const ROUTER_ID = 'c63364fe';

/** Capabilities of an OPEN: IPv4 for unicast, AS 64600 in four octets, route refresh of both kinds. */
const CAPABILITIES = '01 04 00010001  41 04 0000fc58  02 00  46 00';

/** What a router of AS 64600 opens with; nobody needs to keep alive for 240 s. */
export const GOOD_OPEN: Uint8Array = bgpMessage(TYPE.open, `04 ${AS} 00f0 ${ROUTER_ID} 12 02 10 ${CAPABILITIES}`);
/** A whole KEEPALIVE. */
export const KEEPALIVE: Uint8Array = bgpMessage(TYPE.keepalive, '');
/** What makes a session come up, as long as nothing else is said before. */
export const GOOD_MANNERS: readonly Uint8Array[] = [GOOD_OPEN, KEEPALIVE];

function header(length: number, type: number): Uint8Array {
  return octetsOf(`${MARKER} ${length.toString(16).padStart(4, '0')} ${type.toString(16).padStart(2, '0')}`);
}

function open(fields: { version?: string; as?: string; hold?: string; id?: string; parameters?: string }): Uint8Array {
  const { version = '04', as = AS, hold = '00f0', id = ROUTER_ID, parameters = '' } = fields;
  const length = octetsOf(parameters).length.toString(16).padStart(2, '0');
  return bgpMessage(TYPE.open, `${version} ${as} ${hold} ${id} ${length} ${parameters}`);
}

const UPDATE_OF_NOTHING = bgpUpdate('', '', '');

/** Said in place of an OPEN, or right behind it. */
export const BAD_BEGINNINGS: readonly BadMessage[] = [
  {
    what: 'a marker with a 0 in it',
    says: [octetsOf(`${'ff'.repeat(15)}00 0013 04`)],
    answer: '1/1',
    reason: 'marker octet is 0, must be 255',
  },
  { what: 'HTTP', says: [Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')], answer: '1/1', reason: 'marker octet is 72' },
  { what: 'a length of 18', says: [header(18, TYPE.keepalive)], answer: '1/2 0012', reason: 'message length is 18, must be 19' },
  { what: 'a length of 0', says: [header(0, TYPE.update)], answer: '1/2 0000', reason: 'message length is 0, must be 23 to 4096' },
  {
    what: 'an OPEN of 4097 octets',
    says: [header(4097, TYPE.open)],
    answer: '1/2 1001',
    reason: 'message length is 4097, must be 29 to 4096',
  },
  { what: 'a KEEPALIVE of 20 octets', says: [header(20, TYPE.keepalive)], answer: '1/2 0014', reason: 'message length is 20, must be 19' },
  { what: 'the message type 0', says: [header(19, 0)], answer: '1/3 00', reason: 'message type is 0, must be 1 to 5' },
  { what: 'the message type 6', says: [header(19, 6)], answer: '1/3 06', reason: 'message type is 6, must be 1 to 5' },
  { what: 'the message type 255', says: [header(19, 255)], answer: '1/3 ff', reason: 'message type is 255, must be 1 to 5' },
  { what: 'version 3', says: [open({ version: '03' })], answer: '2/1 0004', reason: 'version is 3, must be 4' },
  { what: 'another AS', says: [open({ as: 'fc59' })], answer: '2/2', reason: 'the peer answers with AS 64601, 64600 expected' },
  {
    what: 'another AS of four octets',
    says: [open({ as: '5ba0', parameters: '02 06 41 04 fa56ea01' })],
    answer: '2/2',
    reason: 'the peer answers with AS 4200000001, 64600 expected',
  },
  { what: 'AS 0', says: [open({ as: '0000' })], answer: '2/2', reason: 'AS number is 0' },
  { what: 'the identifier 0', says: [open({ id: '00000000' })], answer: '2/3', reason: 'BGP identifier is 0' },
  {
    what: 'an authentication parameter',
    says: [open({ parameters: '01 01 00' })],
    answer: '2/4',
    reason: 'optional parameter type is 1, must be 2',
  },
  { what: 'a hold time of 1 s', says: [open({ hold: '0001' })], answer: '2/6', reason: 'hold time is 1, must be 0 or at least 3' },
  { what: 'a hold time of 2 s', says: [open({ hold: '0002' })], answer: '2/6', reason: 'hold time is 2, must be 0 or at least 3' },
  {
    what: 'no family of ours',
    says: [open({ parameters: '02 06 01 04 0019 00 41' })],
    answer: '2/7 010400010001',
    reason: 'none of the address families of this session',
  },
  {
    what: 'a capability cut short',
    says: [open({ parameters: '02 03 41 04 00' })],
    answer: '2/0',
    reason: 'capability has 3 octets, must have 6',
  },
  { what: 'a KEEPALIVE before its OPEN', says: [KEEPALIVE], answer: '5/1', reason: 'a message of type keepalive in the state open-sent' },
  {
    what: 'an UPDATE before its OPEN',
    says: [UPDATE_OF_NOTHING],
    answer: '5/1',
    reason: 'a message of type update in the state open-sent',
  },
  {
    what: 'an UPDATE behind its OPEN',
    says: [GOOD_OPEN, UPDATE_OF_NOTHING],
    answer: '5/2',
    reason: 'a message of type update in the state open-confirm',
  },
  { what: 'two OPENs', says: [GOOD_OPEN, GOOD_OPEN], answer: '5/2', reason: 'a message of type open in the state open-confirm' },
];

const ORIGIN = '40 01 01 00';
const AS_PATH = '40 02 06 02 01 0000fc58';
const NEXT_HOP = `40 03 04 ${ROUTER_ID}`;
const ROUTE = '20 c6120001';
const BASE = `${ORIGIN} ${AS_PATH} ${NEXT_HOP}`;
const MP_ROUTE = '80 0e 1a 0002 01 10 20010db8000000000000000000000001 00 20 20010db8';

function established(message: Uint8Array): readonly Uint8Array[] {
  return [...GOOD_MANNERS, message];
}

/** What RFC 7606 does not save either: nobody can tell any more which routes a message is about. */
export const BAD_UPDATES: readonly BadMessage[] = [
  { what: 'a length of 18', says: established(header(18, TYPE.update)), answer: '1/2 0012', reason: 'message length is 18' },
  { what: 'an OPEN', says: established(GOOD_OPEN), answer: '5/3', reason: 'a message of type open in the state established' },
  {
    what: 'more withdrawn routes than octets',
    says: established(bgpMessage(TYPE.update, '0005 0000')),
    answer: '3/1',
    reason: 'withdrawn routes length is 5, must be at most 0',
  },
  {
    what: 'more attributes than octets',
    says: established(bgpMessage(TYPE.update, '0000 0005')),
    answer: '3/1',
    reason: 'total path attribute length is 5, must be at most 0',
  },
  {
    what: 'an attribute that all must know and nobody does',
    says: established(bgpUpdate('', `${BASE} 40 63 01 07`, ROUTE)),
    answer: '3/2 40630107',
    reason: 'attribute 99 is unknown, must be flagged as optional',
  },
  { what: 'a prefix of 33 bits', says: established(bgpUpdate('', BASE, '21 c612000100')), answer: '3/10', reason: '33' },
  {
    what: 'an MP_REACH_NLRI of 2 octets',
    says: established(bgpUpdate('', `80 0e 02 0002 ${ORIGIN} ${AS_PATH}`, '')),
    answer: '3/9 800e020002',
    reason: 'value has 2 octets',
  },
  {
    what: 'two MP_REACH_NLRI',
    says: established(bgpUpdate('', `${MP_ROUTE} ${MP_ROUTE} ${ORIGIN} ${AS_PATH}`, '')),
    answer: '3/1',
    reason: 'attribute appears a second time',
  },
  {
    what: 'a mark of a refresh with something behind it',
    says: established(bgpMessage(TYPE.routeRefresh, '0001 01 01 00')),
    answer: `7/1 ${MARKER}0018050001010100`,
    reason: 'message length is 24, must be 23 for subtype 1',
  },
];

/** Attributes at fault, each with the routes that it is for: RFC 7606 wants the session kept whatever becomes of them. */
export const ODD_UPDATES: readonly { readonly what: string; readonly attributes: string; readonly nlri?: string }[] = [
  { what: 'no attributes at all', attributes: '' },
  { what: 'no NEXT_HOP', attributes: `${ORIGIN} ${AS_PATH}` },
  { what: 'an ORIGIN of 3', attributes: `40 01 01 03 ${AS_PATH} ${NEXT_HOP}` },
  { what: 'an ORIGIN of 2 octets', attributes: `40 01 02 0000 ${AS_PATH} ${NEXT_HOP}` },
  { what: 'an AS_PATH that ends too early', attributes: `${ORIGIN} 40 02 06 02 02 0000fc58 ${NEXT_HOP}` },
  { what: 'an AS_PATH with a segment of no AS', attributes: `${ORIGIN} 40 02 02 02 00 ${NEXT_HOP}` },
  { what: 'an AS_PATH with AS 0', attributes: `${ORIGIN} 40 02 06 02 01 00000000 ${NEXT_HOP}` },
  { what: 'segments of a confederation', attributes: `${ORIGIN} 40 02 06 03 01 0000fc58 ${NEXT_HOP}` },
  { what: 'a NEXT_HOP of 3 octets', attributes: `${ORIGIN} ${AS_PATH} 40 03 03 c63364` },
  { what: 'a NEXT_HOP that is no host', attributes: `${ORIGIN} ${AS_PATH} 40 03 04 e0000001` },
  { what: 'a MULTI_EXIT_DISC of 2 octets', attributes: `${BASE} 80 04 02 0001` },
  { what: 'a LOCAL_PREF from another AS', attributes: `${BASE} 40 05 04 00000064` },
  { what: 'an ATOMIC_AGGREGATE with a value', attributes: `${BASE} 40 06 01 00` },
  { what: 'an AGGREGATOR of 5 octets', attributes: `${BASE} c0 07 05 0000fc5801` },
  { what: 'COMMUNITIES of 3 octets', attributes: `${BASE} c0 08 03 000000` },
  { what: 'an ORIGINATOR_ID from another AS', attributes: `${BASE} 80 09 04 01020304` },
  { what: 'a CLUSTER_LIST from another AS', attributes: `${BASE} 80 0a 04 01020304` },
  { what: 'EXTENDED COMMUNITIES of 7 octets', attributes: `${BASE} c0 10 07 00000000000000` },
  { what: 'an AS4_PATH between speakers of four octets', attributes: `${BASE} c0 11 06 02 01 0000fc58` },
  { what: 'LARGE_COMMUNITY of 11 octets', attributes: `${BASE} c0 20 0b ${'00'.repeat(11)}` },
  { what: 'ONLY_TO_CUSTOMER of 3 octets', attributes: `${BASE} c0 23 03 000000` },
  { what: 'an ORIGIN flagged as optional', attributes: `c0 01 01 00 ${AS_PATH} ${NEXT_HOP}` },
  { what: 'two ORIGINs', attributes: `${ORIGIN} ${ORIGIN} ${AS_PATH} ${NEXT_HOP}` },
  { what: 'an attribute longer than the message', attributes: `${BASE} c0 08 ff 00000001` },
  { what: 'half of an attribute', attributes: `${BASE} c0` },
  { what: 'an attribute that nobody knows', attributes: `${BASE} c0 c8 03 010203` },
  { what: 'routes of a family that was not agreed on', attributes: `${MP_ROUTE} ${ORIGIN} ${AS_PATH}`, nlri: '' },
];

/** The octets of a message of {@link ODD_UPDATES}. */
export function oddUpdate({ attributes, nlri = ROUTE }: (typeof ODD_UPDATES)[number]): Uint8Array {
  return bgpUpdate('', attributes, nlri);
}

/** Asks for all IPv4 routes again. */
export const REFRESH: Uint8Array = bgpMessage(TYPE.routeRefresh, '0001 00 01');

/** A NOTIFICATION with no data. */
export function notification(code: number, subcode: number): Uint8Array {
  return bgpMessage(TYPE.notification, Buffer.from([code, subcode]).toString('hex'));
}

/** Every code and every subcode that an RFC has given a meaning, the one that has none, and a code that nobody knows. */
export const SUBCODES: Readonly<Record<number, readonly number[]>> = {
  1: [0, 1, 2, 3],
  2: [0, 1, 2, 3, 4, 5, 6, 7, 8, 11],
  3: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
  4: [0],
  5: [0, 1, 2, 3],
  6: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
  7: [0, 1],
  8: [0],
  99: [0, 1],
};

/** Octets of `count` UPDATEs from the number `first` on, each with one route of its own. */
export function flood(first: number, count: number): Buffer {
  const one = Buffer.from(bgpUpdate('', BASE, '20 00000000'));
  const all = Buffer.alloc(one.length * count);
  for (let index = 0; index < count; index++) {
    one.copy(all, index * one.length);
    all.writeUInt32BE(0x0a_00_00_00 + first + index, (index + 1) * one.length - 4);
  }
  return all;
}
