import { expect, test } from '@jest/globals';
import { nodeChecks } from './node-checks.ts';
import { OWN_FILES } from './own-files.ts';

const TCP = '  sl  local_address rem_address   st tx_queue\n   0: 00000000:1F90 00000000:0000 0A 00000000:00000000\n';

/** The files of a machine: settings as `link/name`, and the tables of TCP. */
function found(settings: Readonly<Record<string, string>>, tcp: string = TCP, tcp6: string | undefined = undefined): readonly string[] {
  const links = [...new Set(['all', 'lo', ...Object.keys(settings).map((path) => path.slice(0, path.lastIndexOf('/')))])];
  const read = (path: string): string | undefined => {
    if (path === '/proc/net/tcp') return tcp;
    return path === '/proc/net/tcp6' ? tcp6 : settings[path.replace('/proc/sys/net/ipv4/conf/', '')];
  };
  const list = (path: string): readonly string[] => (path === '/proc/sys/net/ipv4/conf' && Object.keys(settings).length > 0 ? links : []);
  return nodeChecks({ read, list }).map(({ name, result, text }) => `${name} ${result}: ${text}`);
}

const WELL = {
  filter: 'rp_filter good: no link drops packets by the way back to their sender',
  arp: 'arp_ignore good: there is no kube-ipvs0: the kernel does not answer for Services',
  port: 'port 179 good: nobody listens on it',
};
const strict = (links: string): string =>
  `rp_filter doubtful: it is strict on ${links}: packets to a Service are dropped when the way back to their sender is another link`;
const answers = (ignore: number, announce: number): string =>
  `arp_ignore bad: arp_ignore is ${ignore} and arp_announce ${announce}: the kernel answers for all addresses on kube-ipvs0, beside the node that should`;

test.each<{ what: string; settings: Readonly<Record<string, string>>; says: Partial<typeof WELL> }>([
  { what: 'a machine that is well', settings: { 'eth0/rp_filter': '0\n', 'all/rp_filter': '0\n' }, says: {} },
  { what: 'a strict link', settings: { 'eth0/rp_filter': '1\n', 'eth1/rp_filter': '0\n' }, says: { filter: strict('eth0') } },
  { what: 'all strict', settings: { 'eth0/rp_filter': '0\n', 'all/rp_filter': '1\n' }, says: { filter: strict('eth0') } },
  { what: 'loose wins over strict', settings: { 'eth0/rp_filter': '1\n', 'all/rp_filter': '2\n' }, says: {} },
  { what: 'strict links of pods', settings: { 'eth0/rp_filter': '0\n', 'veth12/rp_filter': '1\n', 'cali1/rp_filter': '1\n' }, says: {} },
  {
    what: 'IPVS without strictARP',
    settings: { 'eth0/rp_filter': '0', 'kube-ipvs0/rp_filter': '0', 'all/arp_ignore': '0\n', 'all/arp_announce': '0\n' },
    says: { arp: answers(0, 0) },
  },
  {
    what: 'IPVS with half of it',
    settings: { 'eth0/rp_filter': '0', 'kube-ipvs0/rp_filter': '0', 'all/arp_ignore': '1\n', 'all/arp_announce': '0\n' },
    says: { arp: answers(1, 0) },
  },
  {
    what: 'IPVS with strictARP',
    settings: { 'eth0/rp_filter': '0', 'kube-ipvs0/rp_filter': '0', 'all/arp_ignore': '1\n', 'all/arp_announce': '2\n' },
    says: { arp: 'arp_ignore good: the kernel does not answer for the addresses on kube-ipvs0' },
  },
  { what: 'no settings', settings: {}, says: { filter: 'rp_filter unknown: there is no /proc/sys/net/ipv4/conf' } },
])('$what', ({ settings, says }) => {
  const { filter, arp, port } = { ...WELL, ...says };
  expect(found(settings)).toEqual([filter, arp, port]);
});

const TAKEN = 'port 179 doubtful: another program listens on it, such as the BGP daemon of Calico';

test.each([
  { what: 'listens', tcp: '   1: 00000000:00B3 00000000:0000 0A 0\n', says: TAKEN },
  { what: 'listens on IPv6', tcp: '', tcp6: '   1: 00000000000000000000000000000000:00B3 0:0000 0A 0\n', says: TAKEN },
  { what: 'has a session', tcp: '   1: 0100007F:00B3 0100007F:C350 01 0\n', says: WELL.port },
  { what: 'connects to it', tcp: '   1: 0100007F:C350 0100007F:00B3 01 0\n', says: WELL.port },
])('who $what', ({ tcp, tcp6, says }) => {
  expect(found({ 'eth0/rp_filter': '0' }, tcp, tcp6)[2]).toBe(says);
});

test('the machine of this test has all that is looked at', () => {
  expect(nodeChecks(OWN_FILES).map(({ name, result }) => [name, result === 'unknown'])).toEqual([
    ['rp_filter', false],
    ['arp_ignore', false],
    ['port 179', false],
  ]);
  expect([OWN_FILES.read('/no/such/file'), OWN_FILES.list('/no/such/folder')]).toEqual([undefined, []]);
});
