import { expect, test } from '@jest/globals';
import { KEY_OCTETS, planMemberlistSecret } from './plan.ts';

const place = { namespace: 'metallb-system', name: 'memberlist' };

test.each<{ key: readonly number[]; secretkey: string }>([
  { key: Array(16).fill(0), secretkey: 'AAAAAAAAAAAAAAAAAAAAAA' },
  { key: Array(16).fill(255), secretkey: '/////////////////////w' },
  { key: Array.from({ length: 16 }, (_, index) => index * 17), secretkey: 'ABEiM0RVZneImaq7zN3u/w' },
])('the key is base64 without padding: $secretkey', ({ key, secretkey }) => {
  expect(key).toHaveLength(KEY_OCTETS);
  expect(planMemberlistSecret({ ...place, key: Uint8Array.from(key), owner: undefined })).toEqual({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { ...place, ownerReferences: undefined },
    stringData: { secretkey },
  });
});

test('the Deployment owns it', () => {
  const secret = planMemberlistSecret({ ...place, key: new Uint8Array(KEY_OCTETS), owner: { name: 'controller', uid: 'u' } });
  expect(secret.metadata).toEqual({
    ...place,
    ownerReferences: [{ apiVersion: 'apps/v1', kind: 'Deployment', name: 'controller', uid: 'u' }],
  });
});
