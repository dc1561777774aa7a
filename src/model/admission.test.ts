import { describe, expect, test } from '@jest/globals';
import { configurationOf, NO_OBJECTS, objectOfDraft } from '../../test/support/configuration-objects.ts';
import { CONFIGURATION_ROWS, type ConfigurationDraft } from '../../test/support/configuration-rows.ts';
import { l2Advertisement, pool } from '../../test/support/objects.ts';
import type { BGPAdvertisement } from '../crds/bgp-advertisement.ts';
import { type Change, type ConfigurationObject, reviewChange } from './admission.ts';
import type { ConfigurationKind, ConfigurationObjects } from './configuration.ts';

const NAMESPACE = 'metallb-system';
function change(
  operation: Change['operation'],
  oldObject: ConfigurationObject | undefined,
  object: ConfigurationObject | undefined,
): Change {
  const { kind = 'IPAddressPool', metadata } = object ?? oldObject ?? pool('p', []);
  return { operation, kind: kind as ConfigurationKind, namespace: metadata.namespace ?? '', name: metadata.name, object, oldObject };
}

const create = (object: ConfigurationObject): Change => change('CREATE', undefined, object);
const update = (oldObject: ConfigurationObject, object: ConfigurationObject): Change => change('UPDATE', oldObject, object);
const remove = (oldObject: ConfigurationObject): Change => change('DELETE', oldObject, undefined);

const review = (asked: Change, present: Partial<ConfigurationObjects> = {}) =>
  reviewChange(asked, { ...NO_OBJECTS, ...present }, NAMESPACE);

const allowed = { allowed: true, message: '', warnings: [] };
const denied = (message: string): object => ({ allowed: false, message, warnings: [] });

const OLD = pool('old', ['10.0.0.0/24']);
const YOUNG = pool('young', ['10.0.1.0/24'], {}, { creationTimestamp: '2026-02-01T00:00:00Z' });
const BAD = pool('bad', ['nonsense']);
const BAD_TEXT = 'parsing address pool bad: invalid CIDR "nonsense" in pool "bad": invalid CIDR "nonsense": no prefix length given';

describe('a pool', () => {
  test('that is good is allowed', () => expect(review(create(YOUNG), { pools: [OLD] })).toEqual(allowed));

  test('that is bad is denied', () => expect(review(create(BAD))).toEqual(denied(BAD_TEXT)));

  test('that overlaps is denied, whichever is the older', () => {
    const wide = pool('old', ['10.0.0.0/16']);
    const text = 'CIDR "10.0.0.0/16" in pool "old" overlaps with already defined CIDR "10.0.1.0/24"';
    expect(review(update(OLD, wide), { pools: [OLD, YOUNG] })).toEqual(denied(text));
  });

  test('outside of the namespace is denied, also when it is changed', () => {
    const text = 'resource must be created in metallb-system namespace';
    const elsewhere = pool('p', ['10.0.0.0/24'], {}, { namespace: 'default' });
    expect(review(create(elsewhere))).toEqual(denied(text));
    expect(review(update(elsewhere, pool('p', ['10.0.1.0/24'], {}, { namespace: 'default' })))).toEqual(denied(text));
    expect(review(remove(elsewhere))).toEqual(allowed);
  });
});

describe('what was bad before', () => {
  test('stops no other', () => {
    expect(review(create(YOUNG), { pools: [BAD] })).toEqual(allowed);
    expect(review(create(l2Advertisement('ad')), { pools: [BAD] })).toEqual(allowed);
  });

  test('may be mended, changed elsewhere and deleted', () => {
    expect(review(update(BAD, pool('bad', ['10.0.0.0/24'])), { pools: [BAD] })).toEqual(allowed);
    expect(review(update(BAD, pool('bad', ['nonsense'], { autoAssign: false })), { pools: [BAD] })).toEqual(allowed);
    expect(review(remove(BAD), { pools: [BAD] })).toEqual(allowed);
  });

  test('may not become bad in another way', () => {
    expect(review(update(BAD, pool('bad', [])), { pools: [BAD] })).toEqual(
      denied('parsing address pool bad: pool has no prefixes defined'),
    );
  });

  test('may get finalizers and labels', () => {
    const labelled = pool('bad', ['nonsense'], {}, { finalizers: ['a/b'], labels: { a: 'b' } });
    expect(review(update(BAD, labelled), { pools: [BAD] })).toEqual(allowed);
    const elsewhere = pool('p', ['10.0.0.0/24'], {}, { namespace: 'default' });
    expect(review(update(elsewhere, { ...elsewhere, metadata: { ...elsewhere.metadata, finalizers: ['a/b'] } }))).toEqual(allowed);
    const selected = objectOfDraft({
      kind: 'BGPAdvertisement',
      name: 'wide',
      spec: { aggregationLength: 8, ipAddressPoolSelectors: [{ matchLabels: { a: 'b' } }] },
    });
    const present = { pools: [OLD], bgpAdvertisements: [selected as BGPAdvertisement] };
    expect(review(update(OLD, { ...OLD, metadata: { ...OLD.metadata, labels: { a: 'b' } } }), present)).toEqual(allowed);
  });
});

/** Rows whose last object is the one at fault, as a change that brings it. */
const CREATED = CONFIGURATION_ROWS.filter(({ given }) => given.at(-1)?.kind !== 'Secret').map((row) => ({
  ...row,
  last: row.given.at(-1) as ConfigurationDraft,
  others: row.given.slice(0, -1),
}));

describe('what comes with a fault', () => {
  test.each(CREATED.filter(({ transient }) => transient !== true))('is denied: $fault', ({ last, others, says }) => {
    expect(review(create(objectOfDraft(last)), configurationOf(others))).toEqual(denied(says));
  });

  test.each(CREATED.filter(({ transient }) => transient === true))(
    'and may be mended by another is allowed: $fault',
    ({ last, others, says }) => {
      expect(review(create(objectOfDraft(last)), configurationOf(others))).toEqual({ ...allowed, warnings: [says] });
    },
  );

  test.each(CREATED)('stops nobody else: $fault', ({ given }) => {
    const elsewhere = pool('elsewhere', ['10.99.0.0/24'], {}, { labels: { far: 'away' } });
    const narrow = objectOfDraft({ kind: 'BGPAdvertisement', name: 'narrow', spec: { ipAddressPools: ['elsewhere'], peers: ['nobody'] } });
    expect(review(create(elsewhere), configurationOf(given)).allowed).toBe(true);
    expect(review(create(narrow), configurationOf(given))).toEqual(allowed);
  });

  test.each(CREATED)('may be deleted: $fault', ({ given, last }) => {
    expect(review(remove(objectOfDraft(last)), configurationOf(given)).allowed).toBe(true);
  });
});

const PEER = { myASN: 64512, peerASN: 64513, peerAddress: '192.0.2.1' };
const draft = (kind: ConfigurationDraft['kind'], name: string, spec: object): ConfigurationDraft => ({ kind, name, spec });

describe('across kinds', () => {
  const wide = draft('BGPAdvertisement', 'wide', { aggregationLength: 24 });

  test('a pool that is smaller than the routes to it is denied', () => {
    const text =
      'invalid aggregation length 24: prefix 28 in this pool is more specific than the aggregation length for addresses 10.0.0.0/28';
    expect(review(create(pool('small', ['10.0.0.0/28'])), configurationOf([wide]))).toEqual(denied(text));
    const old = pool('small', ['10.0.0.0/24']);
    expect(review(update(old, pool('small', ['10.0.0.0/28'])), { ...configurationOf([wide]), pools: [old] })).toEqual(denied(text));
  });

  test('a second such pool is denied for itself, not for the first one', () => {
    const present = configurationOf([wide, draft('IPAddressPool', 'first', { addresses: ['10.0.0.0/28'] })]);
    const { message } = review(create(pool('second', ['10.0.1.0/28'])), present);
    expect(message.split('\n')).toHaveLength(1);
    expect(message).toContain('for addresses 10.0.1.0/28');
    expect(review(create(pool('good', ['10.0.2.0/24'])), present)).toEqual(allowed);
  });

  test('echo mode of a profile whose peers hear of IPv6 is denied', () => {
    const peer = draft('BGPPeer', 'a', { ...PEER, bfdProfile: 'fast' });
    const six = draft('IPAddressPool', 'six', { addresses: ['2001:db8::/64'] });
    const quiet = objectOfDraft(draft('BFDProfile', 'fast', { echoMode: false }));
    const present = configurationOf([peer, six, draft('BGPAdvertisement', 'all', {}), draft('BFDProfile', 'fast', { echoMode: false })]);
    const text = 'pool six has bgpadvertisement all which references peer a which has bfd echo enabled, which is not possible';
    expect(review(update(quiet, objectOfDraft(draft('BFDProfile', 'fast', { echoMode: true }))), present)).toEqual(denied(text));
  });

  test('a profile in use cannot be deleted, one of no peer can', () => {
    const fast = objectOfDraft(draft('BFDProfile', 'fast', {}));
    const peers = ['b', 'a'].map((name) => draft('BGPPeer', name, { ...PEER, bfdProfile: 'fast' }));
    const text = 'failed to delete BFDProfile fast, used by BGPPeer a';
    expect(review(remove(fast), configurationOf(peers))).toEqual(denied(text));
    expect(review(remove(fast), configurationOf([draft('BGPPeer', 'a', PEER)]))).toEqual(allowed);
    expect(review(remove({ ...fast, metadata: { ...fast.metadata, namespace: 'other' } }), configurationOf(peers))).toEqual(allowed);
  });

  test('a name in use may go, with a warning', () => {
    const named = draft('Community', 'c', { communities: [{ name: 'n', value: '1:2' }] });
    const present = configurationOf([named, draft('BGPAdvertisement', 'a', { communities: ['n'] })]);
    const warnings = ['invalid community format: n\ninvalid community "n" in BGP advertisement'];
    expect(review(remove(objectOfDraft(named)), present)).toEqual({ ...allowed, warnings });
    const emptied = objectOfDraft(draft('Community', 'c', { communities: [] }));
    expect(review(update(objectOfDraft(named), emptied), present)).toEqual({ ...allowed, warnings });
  });
});

describe('disableMP', () => {
  const warnings = ["disable mp is deprecated and has no effect since it's the default behavior now"];

  test('is warned of', () => {
    expect(review(create(objectOfDraft(draft('BGPPeer', 'a', { ...PEER, disableMP: true }))))).toEqual({ ...allowed, warnings });
  });

  test('skips no check', () => {
    const bad = objectOfDraft(draft('BGPPeer', 'a', { ...PEER, myASN: 0, disableMP: true }));
    expect(review(create(bad))).toEqual(denied('parsing peer a missing local ASN'));
    const elsewhere = { ...bad, metadata: { ...bad.metadata, namespace: 'default' } };
    expect(review(create(elsewhere))).toEqual(denied('resource must be created in metallb-system namespace'));
  });
});
