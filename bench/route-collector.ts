// A router that only takes notes: accepts sessions on some ports and prints one JSON line for each that comes or goes and
// for each UPDATE, with the moment at which it was read. Faster than any real one, so that what it says is the sender's time.
import { createServer, type Socket } from 'node:net';
import { parseArgs } from 'node:util';
import {
  type Context,
  decodeMessage,
  encodeMessage,
  endOfRibOf,
  Framer,
  findAttribute,
  formatPrefix,
  INITIAL_CONTEXT,
  isUnicast,
  type Message,
  negotiate,
  type Open,
  type Update,
} from '@typemetal/bgp-parser';
import { moment } from './samples.ts';

const { values } = parseArgs({ options: { ports: { type: 'string', default: '179' }, asn: { type: 'string', default: '64600' } } });
const asn = Number(values.asn);
const KEEPALIVE_MILLISECONDS = 20_000;

const OURS: Open = {
  type: 'open',
  version: 4,
  asn,
  holdTime: 90,
  routerId: 0x0909_0909,
  capabilities: [
    { code: 1, name: 'multiprotocol', afi: 1, safi: 1 },
    { code: 1, name: 'multiprotocol', afi: 2, safi: 1 },
    { code: 2, name: 'route-refresh' },
    { code: 65, name: 'four-octet-asn', asn },
  ],
};

for (const port of values.ports.split(',')) createServer((socket) => take(socket, port)).listen(Number(port));

function take(socket: Socket, port: string): void {
  const from = `${socket.remoteAddress?.replace('::ffff:', '')}:${port}`;
  const framer = new Framer();
  let context: Context = INITIAL_CONTEXT;
  const say = (message: Message): void => void socket.write(encodeMessage(message, context));
  socket.setNoDelay(true);
  say(OURS);
  const timer = setInterval(() => say({ type: 'keepalive' }), KEEPALIVE_MILLISECONDS);
  const read = (message: Message): void => {
    if (message.type === 'open') {
      context = negotiate(OURS, message);
      say({ type: 'keepalive' });
      note({ event: 'up', from });
    } else if (message.type === 'update') note({ event: 'update', from, ...partsOf(message) });
    else if (message.type === 'notification') note({ event: 'notification', from, code: message.code, subcode: message.subcode });
  };
  socket.on('data', (octets: Uint8Array) => {
    framer.push(octets);
    for (let next = framer.next(); next?.ok === true; next = framer.next()) {
      const { message } = decodeMessage(next.value, context);
      if (message !== undefined) read(message);
    }
  });
  socket.on('error', () => undefined);
  socket.on('close', () => {
    clearInterval(timer);
    note({ event: 'down', from });
  });
}

function partsOf(update: Update): { readonly come: readonly string[]; readonly gone: readonly string[]; readonly end: boolean } {
  const reach = findAttribute(update.attributes, 'mp-reach-nlri')?.value;
  const unreach = findAttribute(update.attributes, 'mp-unreach-nlri')?.value;
  const come = [...update.nlri, ...(reach !== undefined && isUnicast(reach) ? reach.nlri : [])];
  const gone = [...update.withdrawn, ...(unreach !== undefined && isUnicast(unreach) ? unreach.nlri : [])];
  return { come: come.map(formatPrefix), gone: gone.map(formatPrefix), end: endOfRibOf(update) !== undefined };
}

function note(line: Readonly<Record<string, unknown>>): void {
  process.stdout.write(`${JSON.stringify({ at: moment(), ...line })}\n`);
}
