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
