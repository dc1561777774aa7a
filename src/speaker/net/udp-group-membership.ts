import { createSocket, type Socket } from 'node:dgram';
import { formatIpv6, type Ipv6 } from '../../lib/ipv6.ts';
import type { GroupMembership, OpenMembership } from './group-membership.ts';
import { type NetworkError, networkError } from './network-error.ts';

/** The kernel lets one socket join as many groups as fit into net.core.optmem_max: 365 where that is smallest. */
const GROUPS_A_SOCKET = 128;

/** A socket that only joins: on the loopback address it hears nothing of the groups, nor of anybody else. */
const NOWHERE = { address: '::1', port: 0, exclusive: true } as const;

interface Member {
  readonly socket: Socket;
  groups: number;
}

/** Memberships by IPV6_JOIN_GROUP (RFC 3493, Section 5.2). Needs no capability. */
export const openUdpMembership: OpenMembership = (link, failed) => new UdpGroupMembership(link.name, failed);

class UdpGroupMembership implements GroupMembership {
  readonly #link: string;
  readonly #failed: (error: NetworkError) => void;
  readonly #members: Member[] = [];
  readonly #joined = new Map<Ipv6, Member>();
  readonly #waiting = new Set<Ipv6>();
  #opening: Socket | undefined;
  #closed: boolean = false;

  constructor(link: string, failed: (error: NetworkError) => void) {
    this.#link = link;
    this.#failed = failed;
  }

  join(group: Ipv6): void {
    if (this.#joined.has(group)) return;
    this.#waiting.add(group);
    this.retry();
  }

  leave(group: Ipv6): void {
    this.#waiting.delete(group);
    const member = this.#joined.get(group);
    if (member === undefined) return;
    this.#joined.delete(group);
    member.groups--;
    this.#attempt(() => member.socket.dropMembership(formatIpv6(group), this.#interface));
  }

  retry(): void {
    for (const group of this.#waiting) {
      const member = this.#members.find(({ groups }) => groups < GROUPS_A_SOCKET);
      if (member === undefined) {
        this.#open();
        return;
      }
      if (!this.#attempt(() => member.socket.addMembership(formatIpv6(group), this.#interface))) return;
      member.groups++;
      this.#joined.set(group, member);
      this.#waiting.delete(group);
    }
  }

  [Symbol.dispose](): void {
    this.#closed = true;
    this.#opening?.close();
    for (const { socket } of this.#members) socket.close();
    this.#opening = undefined;
    this.#members.length = 0;
    this.#waiting.clear();
  }

  /** How Node names a link to the kernel. */
  get #interface(): string {
    return `::%${this.#link}`;
  }

  #open(): void {
    if (this.#opening !== undefined || this.#closed) return;
    const socket = createSocket('udp6');
    this.#opening = socket;
    socket.on('error', (thrown) => {
      if (this.#opening === socket) this.#opening = undefined;
      if (!this.#closed) this.#failed(refusal(this.#purpose, thrown));
    });
    socket.bind(NOWHERE, () => {
      if (this.#closed) return;
      this.#opening = undefined;
      this.#members.push({ socket, groups: 0 });
      this.retry();
    });
  }

  /** Whether the kernel did it; if not, that was told. */
  #attempt(change: () => void): boolean {
    try {
      change();
      return true;
    } catch (thrown) {
      this.#failed(refusal(this.#purpose, thrown));
      return false;
    }
  }

  get #purpose(): string {
    return `joining IPv6 groups on ${this.#link}`;
  }
}

/** What Node throws for a system call has the negative errno; anything else is a bug and goes on. */
function refusal(purpose: string, thrown: unknown): NetworkError {
  const errno = thrown instanceof Error && 'errno' in thrown ? thrown.errno : undefined;
  if (typeof errno !== 'number') throw thrown;
  return networkError(purpose, errno);
}
