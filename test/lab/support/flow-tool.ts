// Runs on one host of the lab: `ADDRESS PORT DOWNLOAD-ADDRESS` sends a datagram to ADDRESS every 10 ms and counts what comes back, and downloads from
// DOWNLOAD-ADDRESS on one connection, until it gets SIGTERM; then prints what came of both as a line of JSON.
import { createSocket } from 'node:dgram';
import { get } from 'node:http';
import { isIPv6 } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FlowsOutcome } from './flows.ts';

const DATAGRAM_PAUSE_MILLISECONDS = 10;
/** The answers to the last datagrams are still on their way: what is not there after so long is lost. Whoever ends this program waits for longer. */
const LAST_ANSWER_MILLISECONDS = 20_000;
/** Whoever stands still for a while finds all of it when it goes on, if the kernel lets it have a queue so long. */
const QUEUE_OCTETS = 4_194_304;

const [, , address = '', port = '', downloadAddress = ''] = process.argv;
const outcome = { sent: 0, answered: 0, octets: 0, longestPauseMilliseconds: 0, ended: '' };

const socket = createSocket({ type: isIPv6(address) ? 'udp6' : 'udp4', recvBufferSize: QUEUE_OCTETS });
socket.on('message', () => {
  outcome.answered++;
});
const sender = setInterval(() => {
  outcome.sent++;
  socket.send('datagram', Number(port), address, (cause) => {
    if (cause !== null) outcome.ended ||= `a datagram: ${cause.message}`;
  });
}, DATAGRAM_PAUSE_MILLISECONDS);

let heardAt = performance.now();
const host = isIPv6(downloadAddress) ? `[${downloadAddress}]` : downloadAddress;
const download = get(`http://${host}:${port}/stream`, { agent: false }, (response) => {
  heardAt = performance.now();
  process.stdout.write('flowing\n');
  response.on('data', (piece: Buffer) => {
    outcome.octets += piece.length;
    outcome.longestPauseMilliseconds = Math.max(outcome.longestPauseMilliseconds, Math.round(performance.now() - heardAt));
    heardAt = performance.now();
  });
  response.on('close', () => {
    outcome.ended ||= 'the download';
  });
});
download.on('error', (cause) => {
  outcome.ended ||= `the download: ${cause.message}`;
});

process.once('SIGTERM', async () => {
  clearInterval(sender);
  const result: FlowsOutcome = { ...outcome };
  const deadline = performance.now() + LAST_ANSWER_MILLISECONDS;
  while (outcome.answered < outcome.sent && performance.now() < deadline) await sleep(DATAGRAM_PAUSE_MILLISECONDS);
  process.stdout.write(`${JSON.stringify({ ...result, answered: outcome.answered })}\n`);
  process.exit(0);
});
