import type { Condition, CustomResource, Int64 } from './meta.ts';

/**
 * Tells whether the controller, or the speaker of one node, could use the whole configuration. Written by that process.
 *
 * @plural configurationstates
 * @printerColumns [
 *   {name: 'Result', type: 'string', jsonPath: '.status.result'},
 *   {name: 'ErrorSummary', type: 'string', jsonPath: '.status.errorSummary'},
 *   {name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp'},
 * ]
 */
export interface ConfigurationState extends CustomResource<'metallb.io/v1beta1', 'ConfigurationState'> {
  /** What the process made of the configuration. */
  readonly status?: ConfigurationStateStatus;
}

/** What a process made of the configuration. */
export interface ConfigurationStateStatus {
  /**
   * Generation of the object that this status is of.
   *
   * @minimum 0
   */
  readonly observedGeneration?: Int64;
  /** Whether all of the configuration is in use; Unknown until the process has read it. */
  readonly result?: 'Valid' | 'Invalid' | 'Unknown';
  /** What is wrong, one line a fault; empty when nothing is. */
  readonly errorSummary?: string;
  /**
   * One condition for each part of the process that reads configuration, and Ready, which says what the result says.
   *
   * @listType map
   * @listMapKeys ["type"]
   */
  readonly conditions?: readonly Condition[];
}
