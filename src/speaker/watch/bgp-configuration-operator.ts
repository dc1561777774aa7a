import { type OperatorPorts, ResourceOperator, type ResourceWatch } from '../../kubernetes/resource-operator.ts';
import type { Project, Store } from '../../kubernetes/store.ts';
import { nodeFacts } from '../../model/node-facts.ts';
import { secretFacts } from '../../model/secret-facts.ts';
import type { Configuration } from './configuration.ts';
import { BGP_KINDS, bgpObject } from './configuration-source.ts';
import { KnownForms } from './known-forms.ts';
import { poolSource } from './projections.ts';

/** What following the objects about BGP needs of the world. */
export interface BgpConfigurationWorld {
  /** Where the configuration lies. */
  readonly namespace: string;
  readonly configuration: Configuration;
  /** Called when it was read anew. */
  readonly changed: () => void;
}

/** The one turn there is: the objects about BGP are read together. */
const READ = 'configuration';

/** Has the objects about BGP read whenever something changes that decides over them. */
export class BgpConfigurationOperator extends ResourceOperator {
  readonly #world: BgpConfigurationWorld;

  constructor(world: BgpConfigurationWorld, ports: OperatorPorts) {
    super('bgp configuration', ports, { worksOffline: true });
    this.#world = world;
  }

  protected override async init(): Promise<void> {
    const { namespace } = this.#world;
    for (const { plural, version } of BGP_KINDS) {
      await this.watchResource('metallb.io', version, plural, watchOf(bgpObject), namespace);
    }
    await this.watchResource('metallb.io', 'v1beta1', 'ipaddresspools', watchOf(poolSource), namespace);
    await this.watchResource('', 'v1', 'secrets', watchOf(secretFacts), namespace);
    await this.watchResource(
      '',
      'v1',
      'nodes',
      watchOf(nodeFacts, ({ labels }) => labels),
    );
  }

  protected override async prepare(): Promise<void> {
    this.queue.add(READ);
  }

  override async reconcile(): Promise<void> {
    this.#world.configuration.readBgp();
    this.#world.changed();
  }
}

/** A turn for each change of what matters of an object: of a Node, which says other things every few minutes, its labels. */
function watchOf<Projection>(
  project: Project<Projection>,
  formOf: (projection: Projection) => unknown = (projection) => projection,
): ResourceWatch<Projection> {
  const known = new KnownForms();
  const names = (key: string, store: Store<Projection>): readonly string[] => {
    const projection = store.get(key);
    return known.changed(key, projection === undefined ? undefined : formOf(projection)) ? [READ] : [];
  };
  return { project, names };
}
