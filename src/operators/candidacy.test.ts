import { expect, test } from '@jest/globals';
import { milliseconds } from '../lib/clock.ts';
import { candidacyOf } from './candidacy.ts';
import { type ControllerOptions, parseControllerOptions } from './options.ts';

function optionsOf(argv: readonly string[]): ControllerOptions {
  const parsed = parseControllerOptions(argv, {}, 'metallb-system');
  if (!parsed.ok || parsed.value.kind !== 'run') throw new Error(JSON.stringify(parsed));
  return parsed.value.values;
}

test('a pod is a candidate under its name, and takes the place of what it was before', () => {
  expect(candidacyOf(optionsOf(['--pod-name=controller-a', '--deployment=controllers']), 'host', () => 0.5)).toEqual({
    namespace: 'metallb-system',
    name: 'metallb-controller',
    deployment: 'controllers',
    identity: 'controller-a_800000000000',
    predecessors: 'controller-a_',
    leaseDuration: milliseconds(15_000),
    renewDeadline: milliseconds(10_000),
    retryPeriod: milliseconds(2_000),
  });
});

test('without a pod it is one under the name of its host, where several may run at once', () => {
  expect(candidacyOf(optionsOf([]), 'host', () => 0)).toMatchObject({ identity: 'host_000000000000', predecessors: undefined });
});

test('no two have one identity', () => {
  const identities = Array.from({ length: 1_000 }, () => candidacyOf(optionsOf([]), 'host', Math.random)?.identity);
  expect(new Set(identities).size).toBe(1_000);
});

test('without an election it leads without asking', () => {
  expect(candidacyOf(optionsOf(['--leader-elect=false']), 'host', Math.random)).toBeUndefined();
});
