import { expect, test } from '@jest/globals';
import { plannedPeer, serviceRoutes } from '../../../test/support/bgp-plans.ts';
import { parseAddress } from '../../lib/ip.ts';
import type { Announcement } from '../../model/plan.ts';
import { decodePlan, encodePlan } from './saved-plan.ts';

const addresses = ['198.51.100.1', '2001:db8::ffff'].map(parseAddress).filter((address) => address !== undefined);
const ANNOUNCEMENT: Announcement = { service: 'default/web', addresses, interfaces: { all: false, names: ['eth0'] } };

test('a plan that is saved is the same when it is read, and its peers begin no new session', () => {
  const routes = { routes: [serviceRoutes('default/web', '203.0.113.1/32', '2001:db8::/64')], peers: [plannedPeer()], draining: true };
  const read = decodePlan(encodePlan([ANNOUNCEMENT], routes, '1'), '1');
  expect(read).toEqual({ announcements: [ANNOUNCEMENT], ...routes, withPassword: [] });
  const identityOf = (value: unknown): string => JSON.stringify(value, (_, each: unknown) => (typeof each === 'bigint' ? `${each}` : each));
  expect(identityOf(read?.peers)).toBe(identityOf(routes.peers));
});

test('contenders that many Services have in common are written once, and are one object again', () => {
  const contenders = new Map(Array.from({ length: 100 }, (_, index) => [`node-${index}.example.com`, index % 2]));
  const other = new Map([['node-1', 7]]);
  const [address = { family: 'IPv4', value: 0n }] = addresses;
  const announcements = Array.from({ length: 50 }, (_, index): Announcement => {
    const candidacy = { address, self: index > 10, contenders: index === 20 ? other : contenders };
    return { ...ANNOUNCEMENT, service: `default/${index}`, candidacy };
  });
  const text = encodePlan(announcements, { routes: [], peers: [], draining: false }, '1');
  expect(text.split('node-99.example.com')).toHaveLength(2);
  const read = decodePlan(text, '1')?.announcements ?? [];
  expect(read).toEqual(announcements);
  expect(new Set(read.map(({ candidacy }) => candidacy?.contenders)).size).toBe(2);
  expect(decodePlan(text.replace('"contenders":[[', '"contenders":[],"_":[['), '1')).toBeUndefined();
});

test('a peer with a password is named and left out, and the password with it', () => {
  const peers = [plannedPeer({ name: 'secret', password: 'correct-horse' }), plannedPeer({ name: 'open' })];
  const text = encodePlan([], { routes: [], peers, draining: false }, '1');
  expect(text).not.toContain('correct-horse');
  expect(decodePlan(text, '1')).toMatchObject({ peers: [{ name: 'open' }], withPassword: ['secret'] });
});

test.each(['', '{', 'null', '[]', '7', '{"version":"1"}', encodePlan([], { routes: [], peers: [], draining: false }, '2')])(
  '%j is no plan',
  (text) => {
    expect(decodePlan(text, '1')).toBeUndefined();
  },
);
