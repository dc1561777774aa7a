import { formatAddress, type IpAddress } from '../lib/ip.ts';

/** Addresses as upstream's messages list them: `["192.0.2.1" "2001:db8::1"]`. */
export function quoteAddresses(addresses: readonly IpAddress[]): string {
  return quoteTexts(addresses.map(formatAddress));
}

/** Texts as upstream's messages list them. */
export function quoteTexts(texts: readonly string[]): string {
  return `[${texts.map((text) => JSON.stringify(text)).join(' ')}]`;
}
