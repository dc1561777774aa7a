import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import type { Host } from './host.ts';

/** A port of this machine's loopback that leads to a server which `host` reaches: the way into the lab for who is outside. */
export async function openRelay(host: Host, address: string, port: number): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port: near } = server.address() as AddressInfo;
  await host.agent.ask({ kind: 'relay', address, port }, server);
  server.close(); // the agent has the socket now; this process must not take connections from it
  return near;
}
