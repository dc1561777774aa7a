import { describe, test } from '@jest/globals';
import { requirements } from '../../../hack/lab/requirements.ts';

/** What this machine lacks for a lab; looked up once for each test file, before its tests are defined. */
const missing = await requirements((line) => void process.stderr.write(`${line}\n`));

/**
 * Like `describe`, for tests that need a lab. On a machine that cannot run one they are skipped with one loud line that
 * names what is missing; with `CI=true` that is a failure.
 */
export function describeLab(name: string, body: () => void): void {
  if (missing.length === 0) {
    describe(name, body);
    return;
  }
  const reason = `${name}: this machine cannot run a lab, it lacks ${missing.join('; ')}`;
  if (process.env.CI === 'true') {
    test(name, () => {
      throw new Error(reason);
    });
    return;
  }
  process.stderr.write(`\n*** SKIPPED *** ${reason}\n`);
  describe.skip(reason, body);
}
