import type { ConfigurationStatus, ObjectMeta } from '../../crds/meta.ts';
import { type BgpConfiguration, parseBgpConfiguration } from '../../model/bgp-configuration.ts';
import { bgpFaults, type ConfigurationFault, type ConfigurationObjects, faultsOfKind } from '../../model/configuration.ts';
import { type L2AdvertisementSet, parseL2Advertisements } from '../../model/l2-advertisement.ts';
import type { PlannedLine } from '../../model/planned.ts';
import type { Pool } from '../../model/pool.ts';
import { readyCondition, saysCondition, withCondition } from '../../model/ready-condition.ts';

/** The objects that are in use beside the pools, and what is wrong with the others. */
export interface Configuration {
  readonly l2Advertisements: L2AdvertisementSet;
  readonly bgp: BgpConfiguration;
  readonly faults: readonly ConfigurationFault[];
}

/** The configuration as it is now to be used, and what to say about it. */
export interface ConfigurationPlan {
  readonly configuration: Configuration;
  readonly lines: readonly PlannedLine[];
}

/** Decides which objects are used, beside these pools. Each refusal is said once, when it comes or changes, and so is its end. */
export function planConfiguration(
  objects: Omit<ConfigurationObjects, 'pools'>,
  pools: readonly Pool[],
  previous: Configuration | undefined,
): ConfigurationPlan {
  const l2Advertisements = parseL2Advertisements(objects.l2Advertisements, previous?.l2Advertisements);
  const bgp = parseBgpConfiguration(objects, pools, previous?.bgp);
  const configuration = {
    l2Advertisements,
    bgp,
    faults: [...faultsOfKind('L2Advertisement', l2Advertisements.refused), ...bgpFaults(bgp)],
  };
  return { configuration, lines: linesOf(configuration, previous) };
}

function linesOf(now: Configuration, before: Configuration | undefined): readonly PlannedLine[] {
  const said = new Map(before?.faults.map((fault) => [titleOf(fault), fault.text]));
  const news = now.faults.filter((fault) => said.get(titleOf(fault)) !== fault.text);
  const present = new Set(now.faults.map(titleOf));
  const mended = [...said.keys()].filter((object) => !present.has(object));
  return [
    ...news.map((fault): PlannedLine => {
      const fields = { object: titleOf(fault), error: fault.text };
      return { level: 'error', message: 'failed to parse the configuration', fields };
    }),
    ...mended.map((object): PlannedLine => ({ level: 'info', message: 'the object is valid again, or gone', fields: { object } })),
  ];
}

function titleOf({ kind, name }: ConfigurationFault): string {
  return `${kind} ${name}`;
}

/** What is known of one object when its turn comes. */
export interface ObjectObservation {
  readonly object: { readonly metadata: ObjectMeta; readonly status?: ConfigurationStatus };
  /** Why its present spec is refused; `undefined` when it is not. */
  readonly refusal: string | undefined;
  /** RFC 3339; the time of a condition that turns. */
  readonly now: string;
  /** The status that was decided last; a server may not have kept all of it. */
  readonly lastDecided: ConfigurationStatus | undefined;
}

/** The status that the object should have; `undefined` when it stands there already. */
export function planObject({ object, refusal, now, lastDecided }: ObjectObservation): ConfigurationStatus | undefined {
  const { metadata, status } = object;
  const generation = metadata.generation ?? 0;
  const condition = readyCondition({ generation, refusal, before: [status, lastDecided], now });
  if (status !== undefined && status.observedGeneration === generation && saysCondition(status, condition)) return undefined;
  return { observedGeneration: generation, conditions: withCondition(status, condition) };
}
