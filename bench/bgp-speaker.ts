// The sessions of a wire thread alone, with prefixes to announce and no API server. Prints its log lines as JSON, with the
// moment of each; after each session what processor time it took.
import { type Family, parseAddress } from '../src/lib/ip.ts';
import type { PlannedPeer } from '../src/model/planned-peer.ts';
import { SYSTEM_CLOCK } from '../src/program/system-clock.ts';
import { loadNativeTcp } from '../src/speaker/net/native.ts';
import { SocketConnector } from '../src/speaker/net/socket-connector.ts';
import { BgpSessions } from '../src/speaker/shell/bgp-sessions.ts';
import { moment } from './samples.ts';

const [count = '', family = '', peer = '', holdTime = '90'] = process.argv.slice(2);
const address = parseAddress(peer);
if (address === undefined || !(Number(count) > 0)) throw new Error('bgp-speaker.ts COUNT FAMILY PEER [HOLD_TIME]');
const FIRST = { IPv4: parseAddress('10.64.0.0'), IPv6: parseAddress('2001:db8:64::') }[family as Family];
if (FIRST === undefined) throw new Error('FAMILY is IPv4 or IPv6');
const length = family === 'IPv4' ? 32 : 128;

const ports: ConstructorParameters<typeof BgpSessions>[0] = {
  clock: SYSTEM_CLOCK,
  random: Math.random,
  connector: new SocketConnector(() => loadNativeTcp(), SYSTEM_CLOCK),
  node: 'bench',
  changed: () => undefined,
  log: (_, message, fields) => {
    const before = process.cpuUsage();
    process.stdout.write(`${JSON.stringify({ at: moment(), message, ...fields })}\n`);
    // The routes go out in this turn of the loop.
    setImmediate(() => process.stdout.write(`${JSON.stringify({ cpuMs: process.cpuUsage(before).user / 1_000 })}\n`));
  },
};
const sessions = new BgpSessions(ports, []);
const planned: PlannedPeer = {
  ...{ name: 'bench', address, port: 179, sourceAddress: undefined, vrf: undefined, password: undefined, routerId: undefined },
  ...{ localAsn: 64_512, remoteAs: { kind: 'external' }, holdTimeSeconds: Number(holdTime), keepaliveSeconds: undefined },
  ...{ connectTimeSeconds: 1, families: ['IPv4', 'IPv6'], gracefulRestart: false },
};
const routes = Array.from({ length: Number(count) }, (_, index) => {
  const prefix = { address: { family: FIRST.family, value: FIRST.value + BigInt(index) }, length };
  const route = { prefix, localPreference: undefined, communities: [], weight: undefined, peers: [] };
  return { service: `bench/${index}`, routes: [route] };
});
sessions.apply([{ kind: 'replace-bgp', routes, peers: [planned] }]);
process.on('SIGTERM', () => sessions.leave(undefined, () => setTimeout(() => process.exit(0), 200)));
