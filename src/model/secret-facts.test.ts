import { expect, test } from '@jest/globals';
import { secretFacts } from './secret-facts.ts';

test.each([
  {
    object: { metadata: { name: 'router' }, type: 'kubernetes.io/basic-auth', data: { password: 'c2VjcmV0' } },
    facts: { name: 'router', type: 'kubernetes.io/basic-auth', hasPassword: true },
  },
  { object: { metadata: { name: 'router' }, type: 'Opaque', data: {} }, facts: { name: 'router', type: 'Opaque', hasPassword: false } },
  { object: { metadata: { name: 'router' } }, facts: { name: 'router', type: '', hasPassword: false } },
  { object: 'rubbish', facts: { name: '', type: '', hasPassword: false } },
])('$object', ({ object, facts }) => expect(secretFacts(object)).toEqual(facts));

test('nothing of the content is kept', () => {
  expect(JSON.stringify(secretFacts({ metadata: { name: 'a' }, data: { password: 'c2VjcmV0' } }))).not.toContain('c2VjcmV0');
});
