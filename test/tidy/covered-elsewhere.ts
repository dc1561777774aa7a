import type { CoveredElsewhere } from './companions.ts';

/** Sources without a test beside them: what they do shows only together with others, or on real parts. */
export const COVERED_ELSEWHERE: CoveredElsewhere = {
  'src/operators/main.ts': 'test/lab/first-light.test.ts',
  'src/program/surroundings.ts': 'test/lab/first-light.test.ts',
  'src/speaker/main.ts': 'test/lab/first-light.test.ts',
  'src/speaker/shell/main.ts': 'test/lab/first-light.test.ts',
};
