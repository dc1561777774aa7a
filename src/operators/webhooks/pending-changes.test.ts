import { expect, test } from '@jest/globals';
import { NO_OBJECTS } from '../../../test/support/configuration-objects.ts';
import { pool } from '../../../test/support/objects.ts';
import type { IPAddressPool } from '../../crds/ip-address-pool.ts';
import { type Micros, milliseconds } from '../../lib/clock.ts';
import type { Change } from '../../model/admission.ts';
import { PendingChanges } from './pending-changes.ts';

const NOW: Micros = milliseconds(10_000);
const SOON: Micros = milliseconds(10_100);
const KIND = 'IPAddressPool';

const version = (addresses: string, resourceVersion: string, uid = 'u'): IPAddressPool =>
  pool('a', [addresses], {}, { resourceVersion, uid });
const OLD = version('10.0.0.0/24', '1');
const NEW = version('10.0.1.0/24', '1');
const STORED = version('10.0.1.0/24', '2');
const OTHER = version('10.0.9.0/24', '1', 'other');

function change(oldObject: IPAddressPool | undefined, object: IPAddressPool | undefined): Change {
  const operation = oldObject === undefined ? 'CREATE' : object === undefined ? 'DELETE' : 'UPDATE';
  return { operation, kind: KIND, namespace: 'metallb-system', name: (object ?? oldObject)?.metadata.name ?? '', object, oldObject };
}

const creation = change(undefined, NEW);
const update = change(OLD, NEW);
const deletion = change(OLD, undefined);

function pendingOf(...changes: readonly Change[]): PendingChanges {
  const pending = new PendingChanges();
  for (const each of changes) pending.add(each, NOW);
  return pending;
}

type Row = {
  what: string;
  changes: readonly Change[];
  read: readonly IPAddressPool[];
  seen: readonly IPAddressPool[];
  at?: Micros;
};

test.each<Row>([
  { what: 'nothing is pending', changes: [], read: [OLD], seen: [OLD] },
  { what: 'a creation that is not stored yet', changes: [creation], read: [], seen: [NEW] },
  { what: 'a creation that is', changes: [creation], read: [STORED], seen: [STORED] },
  { what: 'a creation under a name that is taken', changes: [creation], read: [OTHER], seen: [OTHER] },
  { what: 'an update that is not stored yet', changes: [update], read: [OLD], seen: [NEW] },
  { what: 'an update that is', changes: [update], read: [STORED], seen: [STORED] },
  { what: 'an update of what was deleted since', changes: [update], read: [], seen: [] },
  { what: 'an update of what was made anew since', changes: [update], read: [OTHER], seen: [OTHER] },
  { what: 'a deletion that is not stored yet', changes: [deletion], read: [OLD], seen: [] },
  { what: 'a deletion that is', changes: [deletion], read: [], seen: [] },
  { what: 'the last of several', changes: [update, deletion], read: [OLD], seen: [] },
  { what: 'what has never come', changes: [creation], read: [], seen: [], at: milliseconds(10_500) },
  { what: 'a name that the server has yet to choose', changes: [change(undefined, pool('', ['10.0.1.0/24']))], read: [], seen: [] },
])('$what', ({ changes, read, seen, at = SOON }) => {
  const pending = pendingOf(...changes);
  expect(pending.over({ ...NO_OBJECTS, pools: read }, pending.begin(at)).pools).toEqual(seen);
});

test('what is seen to be stored is pending only for readings that began before, also when it is deleted behind that', () => {
  const pending = pendingOf(creation);
  const before = pending.begin(SOON);
  pending.seen(KIND, 'a', 'u');
  const after = pending.begin(SOON);
  expect(pending.over(NO_OBJECTS, before).pools).toEqual([NEW]);
  expect(pending.over(NO_OBJECTS, after).pools).toEqual([]);
});

test.each<{ what: string; kind: 'IPAddressPool' | 'L2Advertisement'; uid: string | undefined }>([
  { what: 'nothing', kind: KIND, uid: undefined },
  { what: 'an object of before', kind: KIND, uid: 'other' },
  { what: 'an object of another kind', kind: 'L2Advertisement', uid: 'u' },
])('$what under the name shows nothing of a creation', ({ kind, uid }) => {
  const pending = pendingOf(creation);
  pending.seen(kind, 'a', uid);
  expect(pending.over(NO_OBJECTS, pending.begin(SOON)).pools).toEqual([NEW]);
});

test('there is a bound, and the oldest are forgotten', () => {
  const names = Array.from({ length: 1_500 }, (_, index) => `p${index}`);
  const pending = pendingOf(...names.map((name) => change(undefined, pool(name, []))));
  const { pools } = pending.over(NO_OBJECTS, pending.begin(SOON));
  expect(pools.map(({ metadata }) => metadata.name)).toEqual(names.slice(500));
});
