import { ARP_REPLY, decodeArpFrame } from '../../src/speaker/wire/arp.ts';
import { arpLine, arpRequest } from './arp-frames.ts';
import type { FakeNodeNetwork } from './fake-node-network.ts';

/**
 * The kernels at the ends of cables, of which each joins a link of an even number and the next one: whenever a question without a sender is sent
 * on ethN the other end answers it as 10.0.0.M, while `answer` says so.
 */
export function answerAsKernels(network: FakeNodeNetwork, answer: () => boolean = () => true): void {
  const { sent } = network;
  sent.push = (...entries: (typeof sent)[number][]) => {
    for (const { link, frame } of entries) {
      const asked = decodeArpFrame(frame);
      const from = Number(link.slice('eth'.length));
      const to = `10.0.0.${from % 2 === 0 ? from + 1 : from - 1}`;
      if (!answer() || !asked.ok || !arpLine(frame).startsWith('request 0.0.0.0')) continue;
      const { senderMac: destination, targetIp: senderIp, destination: senderMac } = asked.value;
      network.receive(from, arpRequest(to, { destination, source: senderMac, operation: ARP_REPLY, senderMac, senderIp }));
    }
    return Array.prototype.push.apply(sent, entries);
  };
}
