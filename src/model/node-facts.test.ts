import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { EXCLUDE_LABEL, mayAnnounce, nodeFacts } from './node-facts.ts';

const node = (labels: object, conditions: object[]): object => ({ metadata: { name: 'n1', labels }, status: { conditions } });

test.each<{ node: object; networkUnavailable: boolean; excluded: boolean; may: boolean; mayIgnoring: boolean }>([
  { node: node({}, []), networkUnavailable: false, excluded: false, may: true, mayIgnoring: true },
  { node: node({}, [{ type: 'Ready', status: 'False' }]), networkUnavailable: false, excluded: false, may: true, mayIgnoring: true },
  {
    node: node({}, [{ type: 'NetworkUnavailable', status: 'True' }]),
    networkUnavailable: true,
    excluded: false,
    may: false,
    mayIgnoring: false,
  },
  {
    node: node({}, [{ type: 'NetworkUnavailable', status: 'Unknown' }]),
    networkUnavailable: false,
    excluded: false,
    may: true,
    mayIgnoring: true,
  },
  { node: node({ [EXCLUDE_LABEL]: '' }, []), networkUnavailable: false, excluded: true, may: false, mayIgnoring: true },
  { node: node({ [EXCLUDE_LABEL]: 'false' }, []), networkUnavailable: false, excluded: true, may: false, mayIgnoring: true },
])('$node may announce: $may', ({ node: source, networkUnavailable, excluded, may, mayIgnoring }) => {
  const read = nodeFacts(source);
  expect(read).toMatchObject({ name: 'n1', networkUnavailable, excluded });
  expect([mayAnnounce(read, false), mayAnnounce(read, true)]).toEqual([may, mayIgnoring]);
});

test('nothing that a server could send makes the reader throw', () => {
  const shaped = fc.record({ metadata: fc.anything(), status: fc.anything() });
  fc.assert(fc.property(fc.oneof(fc.anything(), shaped), (value) => typeof nodeFacts(value).name === 'string'));
});
