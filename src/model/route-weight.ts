import { err, ok, type Result } from '../lib/result.ts';
import { ANNOTATION_PREFIX } from './service.ts';

/**
 * Whether routes say how many endpoints the node has, so that routers give it that share of the traffic, and whether
 * what they say may leave the AS that it is said to.
 */
export type WeightByEndpoints = 'None' | 'NonTransitive' | 'Transitive';

/** On a Service: takes the place of what its advertisements say. */
export const WEIGHT_ANNOTATION: string = `${ANNOTATION_PREFIX}weight-by-endpoints`;

/** How many endpoints stand behind a route. */
export interface RouteWeight {
  readonly endpoints: number;
  readonly transitive: boolean;
}

const WORDS: readonly WeightByEndpoints[] = ['None', 'NonTransitive', 'Transitive'];

/** Reads the word, as it stands in an advertisement or an annotation. The error says which words there are. */
export function parseWeightByEndpoints(text: string): Result<WeightByEndpoints, string> {
  const word = WORDS.find((each) => each === text);
  return word === undefined ? err(`${JSON.stringify(text)} is none of ${WORDS.join(', ')}`) : ok(word);
}

/** The weight of a route with so many endpoints behind it; `undefined` where routes are not weighed. */
export function weightOf(word: WeightByEndpoints, endpoints: number): RouteWeight | undefined {
  return word === 'None' ? undefined : { endpoints, transitive: word === 'Transitive' };
}
