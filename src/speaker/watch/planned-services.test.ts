import { beforeEach, expect, test } from '@jest/globals';
import { facts } from '../../../test/support/objects.ts';
import { type IpAddress, parseAddress } from '../../lib/ip.ts';
import { type PlannedService, PlannedServices } from './planned-services.ts';

let services: PlannedServices;

beforeEach(() => {
  services = new PlannedServices();
});

/** A Service with addresses, all announced by the owner of the first unless another one is named. */
function planned(name: string, addresses: readonly IpAddress[], keyAddress = '203.0.113.1'): PlannedService {
  const service = facts({ name });
  return { service, announcement: { service: service.key, addresses, interfaces: { all: true } }, address: keyAddress };
}

function address(text: string): IpAddress {
  const parsed = parseAddress(text);
  if (parsed === undefined) throw new Error(`${text} is no address`);
  return parsed;
}

const concerned = (text: string): readonly string[] => services.concernedBy(text).map(({ service }) => service.name);

test('a Service is found by each of its addresses, and by the one that they go with', () => {
  services.set(planned('web', [address('203.0.113.1'), address('2001:db8::1')]));
  services.set(planned('shares', [address('203.0.113.2')]));
  expect(concerned('203.0.113.1')).toEqual(['web', 'shares']);
  expect(concerned('2001:db8::1')).toEqual(['web']);
  expect(concerned('203.0.113.2')).toEqual(['shares']);
  services.delete('default/web');
  expect(concerned('203.0.113.1')).toEqual(['shares']);
  expect(concerned('2001:db8::1')).toEqual([]);
});

test('a Service that changes its address a thousand times is looked up by the last one only', () => {
  const texts = Array.from({ length: 1_000 }, (_, index) => `10.0.${index >> 8}.${index & 0xff}`);
  for (const text of texts) services.set(planned('web', [address(text)], text));
  expect(services.addresses).toBe(1);
  expect(texts.filter((text) => concerned(text).length > 0)).toEqual(texts.slice(-1));
  services.delete('default/web');
  expect(services.addresses).toBe(0);
});
