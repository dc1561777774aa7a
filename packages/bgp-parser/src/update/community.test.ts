import { expect, test } from '@jest/globals';
import { formatCommunity, parseCommunity, WELL_KNOWN_COMMUNITY } from './community.ts';
import { formatLargeCommunity, type LargeCommunity, parseLargeCommunity } from './large-community.ts';

test.each([
  { community: 0, text: '0:0' },
  { community: 0xfc00_0064, text: '64512:100' },
  { community: WELL_KNOWN_COMMUNITY.gracefulShutdown, text: '65535:0' },
  { community: WELL_KNOWN_COMMUNITY.noExport, text: '65535:65281' },
  { community: 0xffff_ffff, text: '65535:65535' },
])('$text', ({ community, text }) => {
  expect(formatCommunity(community)).toBe(text);
  expect(parseCommunity(text)).toBe(community);
});

test.each(['', '1', '1:', ':1', '65536:0', '0:65536', '1:2:3', '-1:0', '1:2 ', 'a:b', '100000:1'])('"%s" is no community', (text) => {
  expect(parseCommunity(text)).toBeUndefined();
});

test.each<{ community: LargeCommunity; text: string }>([
  { community: { globalAdministrator: 64_512, localData1: 1, localData2: 2 }, text: '64512:1:2' },
  { community: { globalAdministrator: 0xffff_ffff, localData1: 0, localData2: 0xffff_ffff }, text: '4294967295:0:4294967295' },
])('$text', ({ community, text }) => {
  expect(formatLargeCommunity(community)).toBe(text);
  expect(parseLargeCommunity(text)).toEqual(community);
});

test.each(['', '1:2', '1:2:', '1:2:3:4', '4294967296:0:0', '0:4294967296:0', '0:0:4294967296', '1:2:a'])(
  '"%s" is no large community',
  (text) => {
    expect(parseLargeCommunity(text)).toBeUndefined();
  },
);
