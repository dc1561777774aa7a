/** A large community: whose it is, and two numbers that mean what its owner says (RFC 8092, Section 3). */
export interface LargeCommunity {
  readonly globalAdministrator: number;
  readonly localData1: number;
  readonly localData2: number;
}

const TEXT = /^(\d{1,10}):(\d{1,10}):(\d{1,10})$/;
const MOST = 0xffff_ffff;

/** The three numbers in decimal, as in `64512:1:2` (RFC 8092, Section 4). */
export function formatLargeCommunity({ globalAdministrator, localData1, localData2 }: LargeCommunity): string {
  return `${globalAdministrator}:${localData1}:${localData2}`;
}

/** The mirror of {@link formatLargeCommunity}; undefined for any other text. */
export function parseLargeCommunity(text: string): LargeCommunity | undefined {
  const [globalAdministrator = Number.NaN, localData1 = Number.NaN, localData2 = Number.NaN] = TEXT.exec(text)?.slice(1).map(Number) ?? [];
  if (!(globalAdministrator <= MOST && localData1 <= MOST && localData2 <= MOST)) return undefined;
  return { globalAdministrator, localData1, localData2 };
}
