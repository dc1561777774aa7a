import { readMac } from '../../lib/binary.ts';
import type { Micros } from '../../lib/clock.ts';
import { milliseconds } from '../../lib/clock.ts';
import { formatMac, type Mac } from '../../lib/mac.ts';
import type { FrameRefusal } from '../../model/plan.ts';
import { keyIdOf, SEAL_LENGTH, type SegmentFrame, sealedLength } from '../wire/segment.ts';
import { FrameGuard } from './frame-guard.ts';
import { HelloMemory } from './hello-memory.ts';
import type { KeyRing } from './key-ring.ts';
import type { LogLine } from './outbox.ts';
import type { SegmentTallies } from './segment-tallies.ts';

/** What reading frames needs of the thread. */
export interface FrameReaderPorts {
  readonly keys: KeyRing;
  readonly tallies: SegmentTallies;
  log(level: LogLine['level'], message: string, fields: LogLine['fields']): void;
}

/** Where a frame says who sent it. */
const SOURCE_OFFSET = 6;
/** A line about frames that are not taken is not said again before: another cluster on the segment is no fault, and sends for ever. */
const SAY_AGAIN_AFTER: Micros = milliseconds(600_000);

/** Takes the frames of one link that a speaker of this cluster has signed, and counts them and the others. */
export class FrameReader {
  readonly #ports: FrameReaderPorts;
  readonly #guard = new FrameGuard();
  readonly #hellos = new HelloMemory();
  #saidAt: Micros | undefined;

  constructor(ports: FrameReaderPorts) {
    this.#ports = ports;
  }

  /** Reads a frame of `length` octets; `undefined` when it is none of ours, or was read a moment ago with the seal of another key. */
  read(octets: DataView, length: number, now: Micros, link: string): SegmentFrame | undefined {
    const refusal = this.#refusalOf(octets, length, now);
    const decoded = refusal === undefined ? this.#hellos.decode(octets, length) : undefined;
    if (decoded?.ok) {
      if (this.#guard.isSecond(decoded.value.source, decoded.value)) return undefined;
      this.#ports.tallies.received(decoded.value.message.kind);
      return decoded.value;
    }
    if (refusal === 'key' && this.#isHalf(octets, now)) return undefined;
    this.#ports.tallies.refused(refusal ?? 'malformed');
    if (refusal === 'key' || refusal === 'seal') this.#tell(refusal, readMac(octets, SOURCE_OFFSET), now, link);
    return undefined;
  }

  /** A speaker that has a new key signs all that it says twice for a while: where only one of the two keys is known, the other half is no news. */
  #isHalf(octets: DataView, now: Micros): boolean {
    return this.#guard.heardLately(readMac(octets, SOURCE_OFFSET), now);
  }

  /** What no key of ours has signed is not even hashed, nor what comes from where too much came that only pretends to be. */
  #refusalOf(octets: DataView, length: number, now: Micros): FrameRefusal | undefined {
    const sealed = sealedLength(octets, length);
    if (!sealed.ok) return 'malformed';
    const key = this.#ports.keys.find(keyIdOf(octets), now);
    if (key === undefined) return 'key';
    const source = readMac(octets, SOURCE_OFFSET);
    if (!this.#guard.admits(source, now)) return 'limit';
    const signed = new Uint8Array(octets.buffer, octets.byteOffset, sealed.value - SEAL_LENGTH);
    const seal = new Uint8Array(octets.buffer, octets.byteOffset + signed.length, SEAL_LENGTH);
    if (key.hasSigned(signed, seal)) {
      this.#guard.trust(source, now);
      return undefined;
    }
    this.#guard.refuse(source, now);
    return 'seal';
  }

  #tell(reason: 'key' | 'seal', mac: Mac, now: Micros, link: string): void {
    if (this.#saidAt !== undefined && now - this.#saidAt < SAY_AGAIN_AFTER) return;
    this.#saidAt = now;
    const what = reason === 'key' ? 'signed with another key: they are of another cluster, or of a speaker without our Secret' : 'forged';
    const fields = { event: 'frameRefused', interface: link, mac: formatMac(mac), reason };
    this.#ports.log(reason === 'key' ? 'info' : 'warn', `frames between speakers are not taken, they are ${what}`, fields);
  }
}
