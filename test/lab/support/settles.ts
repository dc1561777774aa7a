import { eventually, type Patience } from '../../../hack/kubernetes/eventually.ts';
import { PATIENCE } from './cluster.ts';

/**
 * Fulfilled when an expectation holds, which is looked at again and again: for what comes a moment after its cause, or by another way.
 * Rejects with what failed last.
 */
export async function settles(what: string, expectation: () => unknown, patience: Patience = PATIENCE): Promise<void> {
  const holds = async (): Promise<true> => {
    await expectation();
    return true;
  };
  await eventually(what, holds, patience);
}
