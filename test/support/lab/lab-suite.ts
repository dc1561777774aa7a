import { describe, test } from '@jest/globals';
import type { NeededProgram } from '../../../hack/lab/packages.ts';
import { requirements } from '../../../hack/lab/requirements.ts';

function report(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** What this machine lacks for a lab; looked up once for each test file, before its tests are defined. */
const missing = await requirements(report);

/**
 * Like `describe`, for tests that need a lab. On a machine that cannot run one they are skipped with one loud line that
 * names what is missing; with `CI=true` that is a failure.
 */
export function describeLab(name: string, body: () => void): void {
  describeUnless(missing, name, body);
}

/** Like {@link describeLab}, for tests that run these programs besides; they are looked for, or installed, when this is called. */
export async function describeLabWith(programs: readonly NeededProgram[], name: string, body: () => void): Promise<void> {
  describeUnless(await requirements(report, programs), name, body);
}

function describeUnless(missing: readonly string[], name: string, body: () => void): void {
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
