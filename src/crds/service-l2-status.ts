import type { CustomResource, Empty, ReportStatus } from './meta.ts';

/**
 * Tells which node answers for the addresses of a Service on the local segment. Written by the speakers.
 *
 * @plural servicel2statuses
 * @printerColumns [
 *   {name: 'Allocated Node', type: 'string', jsonPath: '.status.node'},
 *   {name: 'Service Name', type: 'string', jsonPath: '.status.serviceName'},
 *   {name: 'Service Namespace', type: 'string', jsonPath: '.status.serviceNamespace'},
 * ]
 */
export interface ServiceL2Status extends CustomResource<'metallb.io/v1beta1', 'ServiceL2Status'> {
  /** Has no fields. */
  readonly spec?: Empty;
  /** The Service, and who announces it where. */
  readonly status?: ServiceL2StatusStatus;
}

/** A Service that is announced on the local segment, and who announces it where. */
export interface ServiceL2StatusStatus extends ReportStatus {
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
  /** Network interfaces that the Service is announced on; empty means all of the node's. */
  readonly interfaces?: readonly InterfaceReference[];
}

/** Names a network interface of a node. */
export interface InterfaceReference {
  /** Name of the network interface. */
  readonly name?: string;
}
