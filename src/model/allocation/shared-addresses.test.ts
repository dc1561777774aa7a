import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { AddressEntry } from './address-entry.ts';
import type { Holding } from './claim.ts';
import { SharedAddresses } from './shared-addresses.ts';

const SIZE = 12;
const KEYS = ['k', 'l', ''] as const;
const PORTS = ['TCP/80', 'TCP/81', 'UDP/80'] as const;

const holding = (service: string, sharing: string, ports: readonly string[]): Holding => {
  return { service, uid: service, sharing, ports, pool: 'p', addresses: [], foreign: false };
};

/** A holder of one of the places that comes, changes or goes. */
interface Step {
  readonly place: number;
  readonly service: string;
  readonly sharing: string;
  readonly ports: readonly string[];
  readonly comes: boolean;
}

function carryOut({ place, service, sharing, ports, comes }: Step, shared: SharedAddresses, entries: readonly AddressEntry[]): void {
  const entry = entries[place] ?? new AddressEntry({ family: 'IPv4', value: 0n });
  const before = comes ? entry.add(holding(service, sharing, ports)) : entry.remove(service);
  if (entry.size === 0) shared.remove(BigInt(place));
  else shared.file(BigInt(place), entry);
  if (before !== undefined && entry.size > 0) shared.portsGivenUp(BigInt(place), before.ports);
}

test('whatever comes and goes, the first place is the one found the slow way', () => {
  const ports = fc.subarray([...PORTS], { minLength: 1 });
  const step = fc.record<Step>({
    place: fc.nat(SIZE - 1),
    service: fc.constantFrom('a', 'b', 'c'),
    sharing: fc.constantFrom(...KEYS),
    ports,
    comes: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), ports, (steps, asked) => {
      const shared = new SharedAddresses(BigInt(SIZE));
      const entries = Array.from({ length: SIZE }, (_, value) => new AddressEntry({ family: 'IPv4', value: BigInt(value) }));
      for (const each of steps) {
        carryOut(each, shared, entries);
        // Each search remembers something; one for other ports must not mislead the next.
        for (const wanted of [asked, each.ports]) {
          const slow = entries.findIndex((entry) => entry.sharing === 'k' && !wanted.some((port) => entry.usesPort(port)));
          expect(shared.firstPlace('k', wanted)).toBe(slow < 0 ? undefined : BigInt(slow));
        }
      }
    }),
    { numRuns: 300 },
  );
});
