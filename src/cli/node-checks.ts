import { type Check, good } from './preflight.ts';

/** The files of the machine that tell how its network behaves. */
export interface NodeFiles {
  /** The text of a file, `undefined` when there is none. */
  read(path: string): string | undefined;
  /** The names in a folder; none when there is no such folder. */
  list(path: string): readonly string[];
}

const IPV4 = '/proc/sys/net/ipv4/conf';
/** The link on which kube-proxy in IPVS mode puts all addresses of Services. */
const IPVS_LINK = 'kube-ipvs0';
/** Links whose settings are no concern: traffic of clients does not enter by them. */
const INNER_LINK =
  /^(?:all|default|lo|docker.*|cbr.*|dummy.*|virbr.*|lxcbr.*|veth.*|cali.*|tunl.*|flannel.*|kube-ipvs.*|cni.*|nodelocaldns.*|lxc.*|cilium.*)$/;
/** rp_filter: 1 is strict, 2 is loose; of all and of the link, the greater counts (kernel, ip-sysctl). */
const STRICT = 1;
/** The port of BGP as `/proc/net/tcp` writes it, and the state of a socket that listens. */
const BGP_PORT = ':00B3';
const LISTENING = '0A';

/** Looks at the machine that this runs on. Never throws. */
export function nodeChecks(files: NodeFiles): readonly Check[] {
  return [filterCheck(files), arpCheck(files), portCheck(files)];
}

function setting(files: NodeFiles, link: string, name: string): number | undefined {
  const text = files.read(`${IPV4}/${link}/${name}`)?.trim();
  return text === undefined || text === '' ? undefined : Number(text);
}

function filterCheck(files: NodeFiles): Check {
  const name = 'rp_filter';
  const links = files.list(IPV4).filter((link) => !INNER_LINK.test(link));
  if (links.length === 0) return { name, result: 'unknown', text: `there is no ${IPV4}`, remedy: 'run it on a node, in its network' };
  const all = setting(files, 'all', name) ?? 0;
  const strict = links.filter((link) => Math.max(all, setting(files, link, name) ?? 0) === STRICT);
  if (strict.length === 0) return good(name, 'no link drops packets by the way back to their sender');
  return {
    name,
    result: 'doubtful',
    text: `it is strict on ${strict.join(', ')}: packets to a Service are dropped when the way back to their sender is another link`,
    remedy: `where clients come by several links, make it loose: ${strict.map((link) => `sysctl -w net.ipv4.conf.${link.replaceAll('.', '/')}.rp_filter=2`).join('; ')}`,
  };
}

function arpCheck(files: NodeFiles): Check {
  const name = 'arp_ignore';
  if (!files.list(IPV4).includes(IPVS_LINK)) return good(name, `there is no ${IPVS_LINK}: the kernel does not answer for Services`);
  const ignore = setting(files, 'all', 'arp_ignore');
  const announce = setting(files, 'all', 'arp_announce');
  if (ignore === 1 && announce === 2) return good(name, 'the kernel does not answer for the addresses on kube-ipvs0');
  return {
    name,
    result: 'bad',
    text: `arp_ignore is ${ignore} and arp_announce ${announce}: the kernel answers for all addresses on ${IPVS_LINK}, beside the node that should`,
    remedy: 'set ipvs.strictARP to true for kube-proxy, which makes them 1 and 2',
  };
}

function portCheck(files: NodeFiles): Check {
  const name = 'port 179';
  const lines = ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((path) => (files.read(path) ?? '').split('\n'));
  const listens = lines.some((line) => {
    const [, local = '', , state] = line.trim().split(/\s+/);
    return local.endsWith(BGP_PORT) && state === LISTENING;
  });
  if (!listens) return good(name, 'nobody listens on it');
  return {
    name,
    result: 'doubtful',
    text: 'another program listens on it, such as the BGP daemon of Calico',
    remedy: 'nothing as long as this speaker is the one that connects; the router must accept that, and a second session from this node',
  };
}
