import type { CoveredElsewhere } from './companions.ts';

/** Sources without a test beside them: what they do shows only together with others, or on real parts. */
export const COVERED_ELSEWHERE: CoveredElsewhere = {
  'packages/bgp-parser/src/cli/carry-out.ts': 'packages/bgp-parser/src/main.test.ts',
  'src/cli/main.ts': 'test/bundle.test.ts',
  'src/operators/main.ts': 'test/lab/first-light.test.ts',
  'src/operators/configuration/main.ts': 'test/lab/configuration.test.ts',
  'src/operators/webhooks/main.ts': 'test/lab/admission.test.ts',
  'src/speaker/main.ts': 'test/lab/first-light.test.ts',
  'src/speaker/shell/main.ts': 'test/lab/first-light.test.ts',
};
