import type { AddressConflict } from '../../model/plan.ts';

/** What people are told of a conflict that this node has found: the reason of the event, what it means and what to do. */
export function describeConflict({ what, address, mac, node }: AddressConflict, here: string): { reason: string; message: string } {
  return what === 'kernel'
    ? { reason: 'StrictARP', message: ofKernel(address, mac, node, here) }
    : { reason: 'AddressConflict', message: what === 'stranger' ? ofStranger(address, mac, here) : ofThief(address, mac, here) };
}

function ofStranger(address: string, mac: string, here: string): string {
  return (
    `node "${here}" does not announce ${address}: the host with MAC ${mac}, on which no speaker of this cluster runs, answers for it already. ` +
    'Find the MAC in the tables of your switch. If it is another load balancer that is being replaced, stop it; if it is a node without a speaker, and kube-proxy ' +
    'runs in IPVS mode, set ipvs.strictARP: true; if it is another host, give it another address, or take the address out of the pool. ' +
    'It is announced a second after that host is silent'
  );
}

function ofThief(address: string, mac: string, here: string): string {
  return (
    `the host with MAC ${mac}, on which no speaker of this cluster runs, says that ${address} is its own, and takes traffic from node "${here}", which announces it. ` +
    'Node and host contradict each other until one stops. Find the MAC in the tables of your switch and take the address off that host, or out of the pool'
  );
}

function ofKernel(address: string, mac: string, node: string, here: string): string {
  return (
    `the kernel of node "${node}" (MAC ${mac}) answers for ${address}, which node "${here}" announces: clients reach either. ` +
    'If kube-proxy runs in IPVS mode, set ipvs.strictARP: true in its configuration and restart it; ' +
    `otherwise find the address on that node with "ip address show to ${address}" and delete it`
  );
}
