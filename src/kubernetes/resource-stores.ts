import type { Resource } from './resource.ts';
import type { Project, Store } from './store.ts';

/** The stores of one process, so that all who look at one resource share one watch. */
export interface ResourceStores {
  /**
   * The store of `resource`; the first call starts its watch. The same resource with another projection function is
   * another store with a watch of its own, so export the projection and share it.
   */
  open<Projection>(resource: Resource, project: Project<Projection>): Store<Projection>;
  /** Whether all open stores are. */
  readonly synced: boolean;
}
