import type { CustomResource, Empty, ReportStatus } from './meta.ts';

/**
 * Tells which BGP peers a node announces the addresses of a Service to. Written by the speakers.
 *
 * @plural servicebgpstatuses
 * @printerColumns [
 *   {name: 'Node', type: 'string', jsonPath: '.status.node'},
 *   {name: 'Service Name', type: 'string', jsonPath: '.status.serviceName'},
 *   {name: 'Service Namespace', type: 'string', jsonPath: '.status.serviceNamespace'},
 * ]
 */
export interface ServiceBGPStatus extends CustomResource<'metallb.io/v1beta1', 'ServiceBGPStatus'> {
  /** Has no fields. */
  readonly spec?: Empty;
  /** The Service, and who announces it to whom. */
  readonly status?: ServiceBGPStatusStatus;
}

/** A Service that is announced by BGP, and who announces it to whom. */
export interface ServiceBGPStatusStatus extends ReportStatus {
  /**
   * Node that announces the Service.
   *
   * @validations [{rule: "self == oldSelf", message: "Value is immutable"}]
   */
  readonly node?: string;
  /**
   * Name of the Service.
   *
   * @validations [{rule: "self == oldSelf", message: "Value is immutable"}]
   */
  readonly serviceName?: string;
  /**
   * Namespace of the Service.
   *
   * @validations [{rule: "self == oldSelf", message: "Value is immutable"}]
   */
  readonly serviceNamespace?: string;
  /** Names of the BGPPeers that the node is configured to announce the Service to; says nothing about their sessions. */
  readonly peers?: readonly string[];
}
