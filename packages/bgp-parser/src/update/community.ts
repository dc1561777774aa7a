/** Communities that everybody understands (RFC 1997, RFC 3765, RFC 7999, RFC 8326, RFC 9494). */
export const WELL_KNOWN_COMMUNITY = {
  gracefulShutdown: 0xffff_0000,
  acceptOwn: 0xffff_0001,
  llgrStale: 0xffff_0006,
  noLlgr: 0xffff_0007,
  blackhole: 0xffff_029a,
  noExport: 0xffff_ff01,
  noAdvertise: 0xffff_ff02,
  noExportSubconfed: 0xffff_ff03,
  noPeer: 0xffff_ff04,
} as const;

const TEXT = /^(\d{1,5}):(\d{1,5})$/;

/** The upper and the lower 16 bits in decimal, as in `64512:100` (RFC 1997). */
export function formatCommunity(community: number): string {
  return `${community >>> 16}:${community & 0xffff}`;
}

/** The mirror of {@link formatCommunity}; undefined for any other text. */
export function parseCommunity(text: string): number | undefined {
  const [, high, low] = TEXT.exec(text) ?? [];
  return high === undefined || low === undefined || Number(high) > 0xffff || Number(low) > 0xffff
    ? undefined
    : Number(high) * 0x1_0000 + Number(low);
}
