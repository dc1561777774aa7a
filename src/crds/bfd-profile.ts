import type { ConfigurationStatus, CustomResource, Int32 } from './meta.ts';

/**
 * Settings of BFD sessions, which tell within milliseconds that a BGP peer is gone.
 *
 * @plural bfdprofiles
 * @printerColumns [
 *   {name: 'Passive Mode', type: 'boolean', jsonPath: '.spec.passiveMode'},
 *   {name: 'Transmit Interval', type: 'integer', jsonPath: '.spec.transmitInterval'},
 *   {name: 'Receive Interval', type: 'integer', jsonPath: '.spec.receiveInterval'},
 *   {name: 'Multiplier', type: 'integer', jsonPath: '.spec.detectMultiplier'},
 * ]
 */
export interface BFDProfile extends CustomResource<'metallb.io/v1beta1', 'BFDProfile'> {
  /** Timers and modes of the sessions. */
  readonly spec?: BFDProfileSpec;
  /** Whether the profile is in use. */
  readonly status?: ConfigurationStatus;
}

/** Timers and modes of BFD sessions. */
export interface BFDProfileSpec {
  /**
   * Shortest time between control packets that this side can receive, in milliseconds; 300 when absent.
   *
   * @minimum 10
   * @maximum 60000
   */
  readonly receiveInterval?: Int32;
  /**
   * Shortest time between control packets that this side wants to send, in milliseconds; 300 when absent.
   *
   * @minimum 10
   * @maximum 60000
   */
  readonly transmitInterval?: Int32;
  /**
   * How many control packets in a row the peer may miss before the session is down; 3 when absent.
   *
   * @minimum 2
   * @maximum 255
   */
  readonly detectMultiplier?: Int32;
  /**
   * Shortest time between echo packets that this side can handle, in milliseconds; 50 when absent.
   *
   * @minimum 10
   * @maximum 60000
   */
  readonly echoInterval?: Int32;
  /** Sends echo packets, which the peer loops back; not for peers more than one hop away, and not where IPv6 addresses are announced. */
  readonly echoMode?: boolean;
  /** Waits for the first packet of the peer in place of sending one. */
  readonly passiveMode?: boolean;
  /**
   * Lowest TTL that a control packet may arrive with, for peers more than one hop away; 254 when absent.
   *
   * @minimum 1
   * @maximum 254
   */
  readonly minimumTtl?: Int32;
}
