import { describe, expect, test } from '@jest/globals';
import { configurationOf } from '../../../test/support/configuration-objects.ts';
import { CONFIGURATION_ROWS, type ConfigurationDraft, subjectOf } from '../../../test/support/configuration-rows.ts';
import { parsePools } from '../../model/pool-set.ts';
import { type Configuration, planConfiguration, planObject } from './plan.ts';

const NOW = '2026-02-01T00:00:00Z';

function plan(given: readonly ConfigurationDraft[], previous?: Configuration): ReturnType<typeof planConfiguration> {
  const objects = configurationOf(given);
  return planConfiguration(objects, [...parsePools(objects.pools).pools.values()], previous);
}

const said = ({ lines }: ReturnType<typeof planConfiguration>): string[] =>
  lines.map(({ level, message, fields }) => [level, message, fields.object, fields.error].join(' | '));

test.each(CONFIGURATION_ROWS.filter((row) => subjectOf(row).kind !== 'IPAddressPool'))('finds $fault', (row) => {
  const { kind, name } = subjectOf(row);
  expect(plan(row.given).configuration.faults).toEqual([{ kind, name, text: row.says, transient: row.transient ?? false }]);
});

test('a refusal is said once, again when it changes, and so is its end', () => {
  const peer = (spec: object): ConfigurationDraft[] => [{ kind: 'BGPPeer', name: 'a', spec }];
  const first = plan(peer({ myASN: 0 }));
  expect(said(first)).toEqual(['error | failed to parse the configuration | BGPPeer a | parsing peer a missing local ASN']);
  const second = plan(peer({ myASN: 0 }), first.configuration);
  expect(said(second)).toEqual([]);
  const third = plan(peer({ myASN: 1 }), second.configuration);
  expect(said(third)).toEqual(['error | failed to parse the configuration | BGPPeer a | parsing peer a missing peer ASN and dynamicASN']);
  const fourth = plan([], third.configuration);
  expect(said(fourth)).toEqual(['info | the object is valid again, or gone | BGPPeer a | ']);
});

describe('the status of an object', () => {
  const metadata = { name: 'a', generation: 3 };
  const good = {
    type: 'Ready',
    status: 'True',
    observedGeneration: 3,
    lastTransitionTime: NOW,
    reason: 'Reconciled',
    message: '',
  } as const;

  test('says that it is in use', () => {
    const status = planObject({ object: { metadata }, refusal: undefined, now: NOW, lastDecided: undefined });
    expect(status).toEqual({ observedGeneration: 3, conditions: [good] });
    expect(
      planObject({ object: { metadata, status: status ?? {} }, refusal: undefined, now: 'later', lastDecided: undefined }),
    ).toBeUndefined();
  });

  test('says why it is not', () => {
    const object = { metadata, status: { observedGeneration: 3, conditions: [good] } };
    expect(planObject({ object, refusal: 'why', now: 'later', lastDecided: undefined })).toEqual({
      observedGeneration: 3,
      conditions: [{ ...good, status: 'False', reason: 'ConfigurationError', message: 'why', lastTransitionTime: 'later' }],
    });
  });

  test('is written for each generation', () => {
    const object = { metadata: { ...metadata, generation: 4 }, status: { observedGeneration: 3, conditions: [good] } };
    expect(planObject({ object, refusal: undefined, now: 'later', lastDecided: undefined })).toEqual({
      observedGeneration: 4,
      conditions: [{ ...good, observedGeneration: 4 }],
    });
  });

  test('that a server did not keep is decided as before', () => {
    const lastDecided = { observedGeneration: 3, conditions: [good] };
    expect(planObject({ object: { metadata, status: {} }, refusal: undefined, now: 'later', lastDecided })).toEqual(lastDecided);
  });
});
