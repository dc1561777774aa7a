import type { ConfigurationStatus, CustomResource, Duration, Int64, Integer } from './meta.ts';

/**
 * A router that nodes hold a BGP session with, as older versions wrote it.
 *
 * @plural bgppeers
 * @deprecated v1beta1 is deprecated, please use v1beta2
 * @printerColumns [
 *   {name: 'Address', type: 'string', jsonPath: '.spec.peerAddress'},
 *   {name: 'ASN', type: 'string', jsonPath: '.spec.peerASN'},
 *   {name: 'BFD Profile', type: 'string', jsonPath: '.spec.bfdProfile'},
 *   {name: 'Multi Hops', type: 'string', jsonPath: '.spec.ebgpMultiHop'},
 * ]
 */
export interface BGPPeerV1Beta1 extends CustomResource<'metallb.io/v1beta1', 'BGPPeer'> {
  /** The session, and which nodes hold it. */
  readonly spec?: BGPPeerV1Beta1Spec;
  /** Whether the peer is in use. */
  readonly status?: ConfigurationStatus;
}

/** A BGP session, and which nodes hold it. */
export interface BGPPeerV1Beta1Spec {
  /**
   * AS number of this side.
   *
   * @minimum 0
   * @maximum 4294967295
   */
  readonly myASN: Int64;
  /**
   * AS number that the peer must have.
   *
   * @minimum 0
   * @maximum 4294967295
   */
  readonly peerASN: Int64;
  /** IP address of the peer. */
  readonly peerAddress: string;
  /** IP address of the node to connect from; chosen by its routes when absent. */
  readonly sourceAddress?: string;
  /**
   * TCP port of the peer; 0 or absent means 179.
   *
   * @minimum 0
   * @maximum 16384
   */
  readonly peerPort?: Integer;
  /** How long the session lives without a message from the peer, such as 90s; 0s means for ever, less than 3s is refused. */
  readonly holdTime?: Duration;
  /** Time between keepalive messages, such as 30s; at most the hold time. */
  readonly keepaliveTime?: Duration;
  /** BGP identifier of this side, written as an IPv4 address. */
  readonly routerID?: string;
  /** Selects the nodes that hold the session by their labels; one match is enough, empty means all nodes. */
  readonly nodeSelectors?: readonly NodeSelector[];
  /** TCP MD5 password of the session, in plain text. */
  readonly password?: string;
  /** Name of the BFDProfile whose BFD session guards this one; absent means no BFD. */
  readonly bfdProfile?: string;
  /** Allows the peer to be more than one hop away; for peers of another AS only. */
  readonly ebgpMultiHop?: boolean;
}

/** Selects nodes by their labels; all its requirements must hold. */
export interface NodeSelector {
  /** Labels that a node must carry with exactly these values. */
  readonly matchLabels?: Readonly<Record<string, string>>;
  /** Requirements on labels, all of which must hold. */
  readonly matchExpressions?: readonly MatchExpression[];
}

/** A requirement on one label of a node. */
export interface MatchExpression {
  /** Label that the requirement is about. */
  readonly key: string;
  /** How the label relates to the values: In or NotIn. */
  readonly operator: string;
  /**
   * Values to compare with.
   *
   * @minItems 1
   */
  readonly values: readonly string[];
}
