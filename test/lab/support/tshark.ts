import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../../../hack/lab/command.ts';
import { captureOf } from './capture.ts';

/** What tshark says of a protocol or a part of it: fields by name, beside each its octets as NAME_raw. */
export interface Layer {
  readonly [field: string]: Field | readonly Field[] | undefined;
}

/** One value of a field. */
export type Field = string | number | Layer;

/** The part of a packet in tshark's JSON that is read here. */
interface Packet {
  readonly _source: { readonly layers: { readonly bgp?: Layer } };
}

/** How AS numbers are written: tshark would guess. */
export interface Dissection {
  readonly fourOctetAsn: boolean;
}

/** Has tshark read BGP messages of one session, and gives what it says of each. */
export async function dissect(messages: readonly Buffer[], { fourOctetAsn }: Dissection): Promise<Layer[]> {
  const folder = await mkdtemp(join(tmpdir(), 'typemetal-capture-'));
  try {
    const file = join(folder, 'session.pcap');
    await writeFile(file, captureOf(messages));
    const length = `bgp.asn_len:${fourOctetAsn ? '4 octet' : '2 octet'}`;
    const printed = await run(['tshark', '-n', '-r', file, '-o', length, '-J', 'bgp', '-T', 'json', '-x', '--no-duplicate-keys']);
    return (JSON.parse(printed) as Packet[]).map(({ _source: { layers } }) => layers.bgp ?? {});
  } finally {
    await rm(folder, { recursive: true });
  }
}
