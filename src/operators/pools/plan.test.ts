import { describe, expect, test } from '@jest/globals';
import { pool } from '../../../test/support/objects.ts';
import type { IPAddressPool, IPAddressPoolStatus } from '../../crds/ip-address-pool.ts';
import type { Condition } from '../../crds/meta.ts';
import { type PoolObservation, planPool, planPools } from './plan.ts';

const NOW = '2026-02-02T00:00:00Z';
const BEFORE = '2026-01-01T00:00:00Z';

const counters = (inUse: bigint, capacity = 256n): NonNullable<PoolObservation['counters']> => ({
  IPv4: { capacity, inUse },
  IPv6: { capacity: 0n, inUse: 0n },
});

const READY: Condition = {
  type: 'Ready',
  status: 'True',
  observedGeneration: 1,
  lastTransitionTime: BEFORE,
  reason: 'Reconciled',
  message: '',
};
const STATUS: IPAddressPoolStatus = {
  assignedIPv4: 3,
  assignedIPv6: 0,
  availableIPv4: 253,
  availableIPv6: 0,
  observedGeneration: 1,
  conditions: [READY],
};

function planned(status: IPAddressPoolStatus | undefined, more: Partial<PoolObservation> = {}): IPAddressPoolStatus | undefined {
  const object: IPAddressPool = { ...pool('p', ['10.0.0.0/24']), ...(status !== undefined && { status }) };
  return planPool({ object, refusal: undefined, counters: counters(3n), now: NOW, lastDecided: undefined, ...more });
}

describe('the status of a pool', () => {
  test('says how much is in use, and that the pool is', () => {
    expect(planned(undefined)).toEqual({ ...STATUS, conditions: [{ ...READY, lastTransitionTime: NOW }] });
  });

  test('is left alone when it is right', () => {
    expect(planned(STATUS)).toBeUndefined();
  });

  test.each<{ what: string; status: IPAddressPoolStatus }>([
    { what: 'a counter', status: { ...STATUS, availableIPv6: 9 } },
    { what: 'the generation', status: { ...STATUS, observedGeneration: 0 } },
    { what: 'the condition', status: { ...STATUS, conditions: [] } },
    { what: 'a message', status: { ...STATUS, conditions: [{ ...READY, message: 'x' }] } },
    { what: 'a reason', status: { ...STATUS, conditions: [{ ...READY, reason: 'X' }] } },
  ])('is put right when $what is wrong, without a new time', ({ status }) => {
    expect(planned(status)).toMatchObject({ ...STATUS, conditions: [expect.objectContaining({ type: 'Ready', status: 'True' })] });
    expect(planned({ ...status, conditions: [{ ...READY, message: 'x' }] })?.conditions).toEqual([READY]);
  });

  test('keeps the conditions of others', () => {
    const other: Condition = { ...READY, type: 'example.com/Audited' };
    expect(planned({ ...STATUS, assignedIPv4: 0, conditions: [READY, other] })?.conditions).toEqual([other, READY]);
    expect(planned({ ...STATUS, conditions: [other, READY] })).toBeUndefined();
  });

  test('of a pool that is refused and goes on as it was says why, and counts on', () => {
    expect(planned(STATUS, { refusal: 'parsing address pool p: pool has no prefixes defined', counters: counters(4n) })).toEqual({
      ...STATUS,
      assignedIPv4: 4,
      availableIPv4: 252,
      conditions: [
        {
          ...READY,
          status: 'False',
          lastTransitionTime: NOW,
          reason: 'ConfigurationError',
          message: 'parsing address pool p: pool has no prefixes defined',
        },
      ],
    });
  });

  test('of a pool that is not in use keeps its counters', () => {
    expect(planned(STATUS, { refusal: 'x', counters: undefined })).toMatchObject({ assignedIPv4: 3, availableIPv4: 253 });
    expect(planned(undefined, { refusal: 'x', counters: undefined })).toMatchObject({ assignedIPv4: 0, availableIPv4: 0 });
  });

  test('of a pool too large to count says the largest number that is exact', () => {
    const large = { IPv4: { capacity: 0n, inUse: 0n }, IPv6: { capacity: 1n << 64n, inUse: 7n } };
    expect(planned(STATUS, { counters: large })).toMatchObject({ assignedIPv6: 7, availableIPv6: Number.MAX_SAFE_INTEGER });
  });
});

test('a refusal is said once, again when it changes, and so is its end', () => {
  const said = (objects: IPAddressPool[], previous?: ReturnType<typeof planPools>): [ReturnType<typeof planPools>, string[]] => {
    const made = planPools(objects, previous?.pools);
    return [made, made.lines.map(({ level, message, fields }) => `${level} ${message} ${String(fields.error ?? fields.pool)}`)];
  };
  const good = pool('p', ['10.0.0.0/24']);
  const [first, firstSaid] = said([good]);
  expect(firstSaid).toEqual([]);
  const bad = pool('p', [], {}, { generation: 2 });
  const [second, secondSaid] = said([bad], first);
  expect(secondSaid).toEqual(['error failed to parse the configuration parsing address pool p: pool has no prefixes defined']);
  expect(second.lines[0]?.fields.inUse).toBe('the last good version of the pool goes on');
  const [third, thirdSaid] = said([bad], second);
  expect(thirdSaid).toEqual([]);
  const [fourth, fourthSaid] = said([pool('p', ['x/8'], {}, { generation: 3 })], third);
  expect(fourthSaid).toHaveLength(1);
  expect(said([pool('p', ['10.0.0.0/24'], {}, { generation: 4 })], fourth)[1]).toEqual([
    'info the address pool is valid again and in use p',
  ]);
  expect(said([bad])[0].lines[0]?.fields.inUse).toBe('its services are left as they are');
});
