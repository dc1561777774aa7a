import { describe, expect, test } from '@jest/globals';
import { type CommentShare, checkShare, commentShares } from './comments.ts';
import { sourceFile } from './source-file.ts';

test('commentShares counts lines that are not blank, room by room, without tests', () => {
  const files = [
    sourceFile('src/lib/a.ts', '// a\nb;\n\nc;\n'),
    sourceFile('src/lib/b.ts', 'd; // e\n'),
    sourceFile('src/lib/b.test.ts', 'f;\n'),
    sourceFile('src/operators/pools/plan.ts', 'g;\n'),
  ];
  expect(commentShares(files)).toEqual([
    { room: 'src/lib', lines: 4, percent: 50 },
    { room: 'src/operators/pools', lines: 1, percent: 0 },
  ]);
});

describe('checkShare', () => {
  test.each<{ share: CommentShare; complaints: number }>([
    { share: { room: 'src/lib', lines: 300, percent: 9 }, complaints: 1 },
    { share: { room: 'src/lib', lines: 300, percent: 10 }, complaints: 0 },
    { share: { room: 'src/lib', lines: 300, percent: 38 }, complaints: 0 },
    { share: { room: 'src/lib', lines: 300, percent: 39 }, complaints: 1 },
    { share: { room: 'src/lib', lines: 299, percent: 0 }, complaints: 0 },
    { share: { room: 'src/crds', lines: 900, percent: 70 }, complaints: 0 },
  ])('$share: $complaints', ({ share, complaints }) => expect(checkShare(share)).toHaveLength(complaints));
});
