import type { Ipv6 } from '../../lib/ipv6.ts';
import type { Link } from './link-monitor.ts';
import type { NetworkError } from './network-error.ts';

/**
 * The IPv6 groups that this node is a member of on one link, on our behalf. Its card then lets their frames through, and
 * switches that listen to MLD forward them here (RFC 4861, Section 7.2.1). Disposing of it leaves them all.
 */
export interface GroupMembership extends Disposable {
  /** Joins a group now or, when the kernel refuses, at the next {@link GroupMembership.retry}. Any number of times. */
  join(group: Ipv6): void;
  /** Leaves a group, whether it was joined or not. */
  leave(group: Ipv6): void;
  /** Tries again to join what was refused. */
  retry(): void;
}

/** The port to memberships. `failed` is told, in a later turn or within a call, of each attempt that the kernel refuses. */
export type OpenMembership = (link: Pick<Link, 'index' | 'name'>, failed: (error: NetworkError) => void) => GroupMembership;
