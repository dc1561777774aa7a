import { describe, expect, test } from '@jest/globals';
import { pool } from '../../../test/support/objects.ts';
import type { IPAddressPool, IPAddressPoolStatus } from '../../crds/ip-address-pool.ts';
import type { Condition } from '../../crds/meta.ts';
import type { Allocations } from '../../model/allocation/table.ts';
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
  allocations: [
    { address: '10.0.0.0', services: ['default/a', 'default/b'] },
    { address: '2001:db8::', services: ['default/a'] },
  ],
  allocationsTotal: 3,
  observedGeneration: 1,
  conditions: [READY],
};
const ALLOCATIONS: Allocations = {
  listed: [
    { address: { family: 'IPv4', value: 0x0a00_0000n }, services: ['default/a', 'default/b'] },
    { address: { family: 'IPv6', value: 0x2001_0db8n << 96n }, services: ['default/a'] },
  ],
  total: 3,
};

function planned(status: IPAddressPoolStatus | undefined, more: Partial<PoolObservation> = {}): IPAddressPoolStatus | undefined {
  const object: IPAddressPool = { ...pool('p', ['10.0.0.0/24']), ...(status !== undefined && { status }) };
  return planPool({
    object,
    refusal: undefined,
    counters: counters(3n),
    allocations: ALLOCATIONS,
    now: NOW,
    lastDecided: undefined,
    ...more,
  });
}

function withoutAllocations({ allocations: _allocations, allocationsTotal: _total, ...others }: IPAddressPoolStatus): IPAddressPoolStatus {
  return others;
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
    { what: 'the number of holders', status: { ...STATUS, allocationsTotal: 2 } },
    { what: 'the list of holders, missing', status: withoutAllocations(STATUS) },
    { what: 'an address in the list', status: { ...STATUS, allocations: [{ address: '10.0.0.1', services: ['default/a'] }] } },
    {
      what: 'a holder',
      status: { ...STATUS, allocations: STATUS.allocations?.map(({ address }) => ({ address, services: ['x/y'] })) ?? [] },
    },
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
    const { allocations, allocationsTotal } = STATUS;
    const kept = { assignedIPv4: 3, availableIPv4: 253, allocations, allocationsTotal };
    expect(planned(STATUS, { refusal: 'x', counters: undefined, allocations: undefined })).toMatchObject(kept);
    const nothing = { assignedIPv4: 0, availableIPv4: 0, allocations: [], allocationsTotal: 0 };
    expect(planned(undefined, { refusal: 'x', counters: undefined, allocations: undefined })).toMatchObject(nothing);
  });

  test('of a pool too large to count says the largest number that is exact', () => {
    const large = { IPv4: { capacity: 0n, inUse: 0n }, IPv6: { capacity: 1n << 64n, inUse: 7n } };
    expect(planned(STATUS, { counters: large })).toMatchObject({ assignedIPv6: 7, availableIPv6: Number.MAX_SAFE_INTEGER });
    const all = { IPv4: { capacity: 1n << 32n, inUse: 0n }, IPv6: { capacity: 1n << 128n, inUse: 1n << 60n } };
    expect(planned(STATUS, { counters: all })).toMatchObject({
      availableIPv4: 2 ** 32,
      assignedIPv6: Number.MAX_SAFE_INTEGER,
      availableIPv6: Number.MAX_SAFE_INTEGER,
    });
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
