import { BIRD_SCENARIOS } from './bird-scenarios.ts';
import { EXABGP_SCENARIOS } from './exabgp-scenarios.ts';
import { FRR_SCENARIOS } from './frr-scenarios.ts';
import { GOBGP_SCENARIOS } from './gobgp-scenarios.ts';
import type { Scenario } from './scenario.ts';

/** Everything that is recorded. */
export const SCENARIOS: readonly Scenario[] = [...FRR_SCENARIOS, ...BIRD_SCENARIOS, ...GOBGP_SCENARIOS, ...EXABGP_SCENARIOS];
