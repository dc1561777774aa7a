import { createHash } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { rankOf } from './owner.ts';

test('rankOf is what sha256sum prints', () => {
  expect(rankOf('node-1', '203.0.113.10')).toBe(createHash('sha256').update('node-1#203.0.113.10').digest('hex'));
});
