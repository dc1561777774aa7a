import { roomOf } from './rooms.ts';
import { isProduct, type SourceFile } from './source-file.ts';

/** How much of a room is comment. */
export interface CommentShare {
  readonly room: string;
  /** Lines that are not blank. */
  readonly lines: number;
  /** Of those, the per cent on which there is some comment. */
  readonly percent: number;
}

/** What stands there in comments is the text of the API: `kubectl explain` shows it. */
const API_TEXT = 'src/crds';
/** The house wants 15 to 30 per cent; this far beside it a room is a complaint. */
const LEAST_PERCENT = 10;
const MOST_PERCENT = 38;
/** A smaller room is too few files for a share to mean anything. */
const SMALL_ROOM_LINES = 300;

/** The share of comments in each room of the product, by name of the room. */
export function commentShares(files: readonly SourceFile[]): readonly CommentShare[] {
  const rooms = Map.groupBy(
    files.filter((file) => isProduct(file.path)),
    (file) => roomOf(file.path),
  );
  return [...rooms].map(([room, members]) => shareOf(room, members)).sort((left, right) => (left.room < right.room ? -1 : 1));
}

function shareOf(room: string, files: readonly SourceFile[]): CommentShare {
  let lines = 0;
  let comments = 0;
  for (const file of files) {
    for (const [index, line] of file.text.split('\n').entries()) {
      if (line.trim() === '') continue;
      lines++;
      if (file.commentLines.has(index + 1)) comments++;
    }
  }
  return { room, lines, percent: Math.round((100 * comments) / Math.max(lines, 1)) };
}

/** A complaint when a room of some size says far too little or far too much about itself. */
export function checkShare({ room, lines, percent }: CommentShare): readonly string[] {
  if (lines < SMALL_ROOM_LINES || room === API_TEXT) return [];
  if (percent < LEAST_PERCENT) return [`${room}: ${percent} % comments, at least ${LEAST_PERCENT}: say what is promised and why`];
  if (percent > MOST_PERCENT) return [`${room}: ${percent} % comments, at most ${MOST_PERCENT}: leave out what the code says`];
  return [];
}
