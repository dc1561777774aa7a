import type { ConfigurationStatus, CustomResource, Duration, Int64, Integer, LabelSelector } from './meta.ts';

/**
 * A router that nodes hold a BGP session with.
 *
 * @plural bgppeers
 * @storageVersion
 * @printerColumns [
 *   {name: 'Address', type: 'string', jsonPath: '.spec.peerAddress'},
 *   {name: 'ASN', type: 'string', jsonPath: '.spec.peerASN'},
 *   {name: 'BFD Profile', type: 'string', jsonPath: '.spec.bfdProfile'},
 *   {name: 'Multi Hops', type: 'string', jsonPath: '.spec.ebgpMultiHop'},
 * ]
 */
export interface BGPPeer extends CustomResource<'metallb.io/v1beta2', 'BGPPeer'> {
  /** The session, and which nodes hold it. */
  readonly spec?: BGPPeerSpec;
  /** Whether the peer is in use. */
  readonly status?: ConfigurationStatus;
}

/** A BGP session, and which nodes hold it. */
export interface BGPPeerSpec {
  /**
   * AS number of this side; 0 is refused.
   *
   * @minimum 0
   * @maximum 4294967295
   */
  readonly myASN: Int64;
  /**
   * AS number that the peer must have; not together with dynamicASN, one of the two is needed.
   *
   * @minimum 0
   * @maximum 4294967295
   */
  readonly peerASN?: Int64;
  /**
   * AS number to show to this peer in place of myASN.
   *
   * @minimum 1
   * @maximum 4294967295
   */
  readonly localASN?: Int64;
  /** Takes the AS number that the peer tells: internal expects that of this side, external any other; not together with peerASN. */
  readonly dynamicASN?: 'internal' | 'external';
  /** IP address of the peer; not together with interface, one of the two is needed. */
  readonly peerAddress?: string;
  /** Network interface of the node behind which the peer is found without an address (unnumbered BGP); not together with peerAddress. */
  readonly interface?: string;
  /** IP address of the node to connect from; chosen by its routes when absent. */
  readonly sourceAddress?: string;
  /**
   * TCP port of the peer.
   *
   * @minimum 1
   * @maximum 16384
   * @default 179
   */
  readonly peerPort?: Integer;
  /** How long the session lives without a message from the peer, such as 90s; 0s means for ever, less than 3s is refused. */
  readonly holdTime?: Duration;
  /** Time between keepalive messages, such as 30s; at most the hold time, a third of it when absent. */
  readonly keepaliveTime?: Duration;
  /**
   * Time between attempts to connect, whole seconds from 1s to 65535s.
   *
   * @validations [
   *   {rule: "duration(self) >= duration('1s') && duration(self) <= duration('65535s')", message: "connect time should be between 1 seconds to 65535"},
   *   {rule: "duration(self).getMilliseconds() % 1000 == 0", message: "connect time should contain a whole number of seconds"},
   * ]
   */
  readonly connectTime?: Duration;
  /** BGP identifier of this side, written as an IPv4 address. */
  readonly routerID?: string;
  /** Selects the nodes that hold the session by their labels; one match is enough, empty means all nodes. */
  readonly nodeSelectors?: readonly LabelSelector[];
  /** TCP MD5 password of the session, in plain text; not together with passwordSecret. */
  readonly password?: string;
  /** Secret that holds the TCP MD5 password: of type kubernetes.io/basic-auth, under the key password, in the namespace of this object. */
  readonly passwordSecret?: SecretReference;
  /** Name of the BFDProfile whose BFD session guards this one; absent means no BFD. */
  readonly bfdProfile?: string;
  /**
   * Asks the peer to keep forwarding while the speaker restarts (graceful restart). Cannot be changed once it is set.
   *
   * @validations [{rule: "self == oldSelf", message: "EnableGracefulRestart cannot be changed after creation"}]
   */
  readonly enableGracefulRestart?: boolean;
  /** Allows the peer to be more than one hop away; for peers of another AS only. */
  readonly ebgpMultiHop?: boolean;
  /** Linux VRF of the node that the session runs in. */
  readonly vrf?: string;
  /**
   * Has no effect any more: a session carries the family of its peer address, unless dualStackAddressFamily is set.
   *
   * @default false
   */
  readonly disableMP?: boolean;
  /**
   * Announces IPv4 and IPv6 routes over this one session.
   *
   * @default false
   */
  readonly dualStackAddressFamily?: boolean;
}

/**
 * Names a Secret.
 *
 * @mapType atomic
 */
export interface SecretReference {
  /** Name of the Secret. */
  readonly name?: string;
  /** Not used: the Secret is looked up in the namespace of the object that names it. */
  readonly namespace?: string;
}
