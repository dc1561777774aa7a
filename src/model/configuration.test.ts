import { describe, expect, test } from '@jest/globals';
import { configurationOf } from '../../test/support/configuration-objects.ts';
import { CONFIGURATION_ROWS, type ConfigurationDraft, subjectOf } from '../../test/support/configuration-rows.ts';
import { faultsOf } from './configuration.ts';

describe('what is refused', () => {
  test.each(CONFIGURATION_ROWS)('$fault', (row) => {
    const { kind, name } = subjectOf(row);
    expect(faultsOf(configurationOf(row.given))).toEqual([{ kind, name, text: row.says, transient: row.transient ?? false }]);
  });

  test.each(CONFIGURATION_ROWS)('$fault: the order of the list does not matter', (row) => {
    const { kind, name } = subjectOf(row);
    expect(faultsOf(configurationOf([...row.given].reverse()))).toEqual([
      { kind, name, text: row.says, transient: row.transient ?? false },
    ]);
  });
});

const peer = (name: string, spec: object): ConfigurationDraft => ({
  kind: 'BGPPeer',
  name,
  spec: { myASN: 64512, peerASN: 64513, peerAddress: '192.0.2.1', ...spec },
});
const advertisement = (name: string, spec: object): ConfigurationDraft => ({ kind: 'BGPAdvertisement', name, spec });

describe('what only other BGP implementations refuse', () => {
  test.each<{ what: string; given: readonly ConfigurationDraft[] }>([
    { what: 'a BFD profile', given: [{ kind: 'BFDProfile', name: 'fast' }, peer('a', { bfdProfile: 'fast' })] },
    { what: 'a keepalive time', given: [peer('a', { keepaliveTime: '10s' })] },
    { what: 'a VRF', given: [peer('a', { vrf: 'red' })] },
    { what: 'a connect time', given: [peer('a', { connectTime: '5s' })] },
    { what: 'graceful restart', given: [peer('a', { enableGracefulRestart: true })] },
    { what: 'disableMP', given: [peer('a', { disableMP: true })] },
    { what: 'both families on one session', given: [peer('a', { dualStackAddressFamily: true })] },
    { what: 'an AS number that the peer tells', given: [peer('a', { peerASN: 0, dynamicASN: 'external' })] },
    { what: 'a peer behind an interface', given: [peer('a', { peerAddress: '', interface: 'eth0' })] },
    { what: 'another AS number for a peer', given: [peer('a', { localASN: 64999 })] },
    { what: 'a peer with an IPv6 address', given: [peer('a', { peerAddress: '2001:db8::1' })] },
    {
      what: 'IPv6 routes',
      given: [{ kind: 'IPAddressPool', name: 'six', spec: { addresses: ['2001:db8::/64'] } }, advertisement('all', {}), peer('a', {})],
    },
    { what: 'a large community', given: [advertisement('large', { communities: ['large:64512:1:2'] })] },
    {
      what: 'a large community by name',
      given: [{ kind: 'Community', name: 'c', spec: { communities: [{ name: 'n', value: 'large:1:2:3' }] } }],
    },
    { what: 'different router ids on a node', given: [peer('a', { routerID: '192.0.2.8' }), peer('b', { peerAddress: '192.0.2.2' })] },
    { what: 'different own AS numbers on a node', given: [peer('a', {}), peer('b', { peerAddress: '192.0.2.2', myASN: 64999 })] },
    { what: 'one address with two ports', given: [peer('a', {}), peer('b', { peerPort: 1790 })] },
    { what: 'one address from two source addresses', given: [peer('a', { sourceAddress: '192.0.2.8' }), peer('b', {})] },
    { what: 'one address in two VRFs', given: [peer('a', { vrf: 'red' }), peer('b', {})] },
    { what: 'one peer of another node', given: [peer('a', {}), peer('b', { nodeSelectors: [{ matchLabels: { other: 'node' } }] })] },
  ])('is fine here: $what', ({ given }) => expect(faultsOf(configurationOf(given))).toEqual([]));
});

describe('what finds its counterpart', () => {
  test('a community, a Secret', () => {
    const given: ConfigurationDraft[] = [
      advertisement('a', { communities: ['no-export'] }),
      { kind: 'Community', name: 'c', spec: { communities: [{ name: 'no-export', value: '65535:65281' }] } },
      peer('p', { passwordSecret: { name: 'key' } }),
      { kind: 'Secret', name: 'key', fields: { type: 'kubernetes.io/basic-auth', stringData: { password: 'x' } } },
    ];
    expect(faultsOf(configurationOf(given))).toEqual([]);
  });

  test('no content of a Secret and no password is told', () => {
    const given: ConfigurationDraft[] = [
      peer('p', { passwordSecret: { name: 'key' } }),
      { kind: 'Secret', name: 'key', fields: { type: 'Opaque', stringData: { password: 'hushhush' } } },
      peer('q', { password: 'hushhush', passwordSecret: { name: 'key' }, peerAddress: '192.0.2.9' }),
      peer('r', { password: 'hushhush'.repeat(20), peerAddress: '192.0.2.10' }),
    ];
    const faults = faultsOf(configurationOf(given));
    expect(faults).toHaveLength(3);
    expect(JSON.stringify(faults)).not.toContain('hushhush');
  });
});
