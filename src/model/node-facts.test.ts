import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { DRAIN_ANNOTATION, EXCLUDE_LABEL, leavesBgp, mayAnnounce, nodeFacts } from './node-facts.ts';

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

test.each([
  { what: 'no wish', metadata: {}, leaves: false, leavesIgnoring: false },
  { what: 'the label', metadata: { labels: { [EXCLUDE_LABEL]: '' } }, leaves: true, leavesIgnoring: false },
  { what: 'the annotation', metadata: { annotations: { [DRAIN_ANNOTATION]: 'false' } }, leaves: true, leavesIgnoring: true },
])('$what: leaves BGP $leaves', ({ metadata, leaves, leavesIgnoring }) => {
  const read = nodeFacts({ metadata: { name: 'n1', ...metadata } });
  expect([leavesBgp(read, false), leavesBgp(read, true)]).toEqual([leaves, leavesIgnoring]);
  expect(mayAnnounce(read, true)).toBe(true);
});

test('nothing that a server could send makes the reader throw', () => {
  const shaped = fc.record({ metadata: fc.anything(), status: fc.anything() });
  fc.assert(fc.property(fc.oneof(fc.anything(), shaped), (value) => typeof nodeFacts(value).name === 'string'));
});
