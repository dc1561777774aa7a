import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Host } from '../hack/lab/host.ts';
import type { Mac } from '../src/lib/mac.ts';
import { arpRequest } from '../test/lab/support/arp-text.ts';
import { neighborSolicitation } from '../test/support/ndp-frames.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const PROGRAM = `${ROOT}build/address-watch`;
/** It ends by itself then; nobody watches so long. */
const MOST_MILLISECONDS = 600_000;

/**
 * That an address was answered for by another MAC than before, for the first time, or after several questions without an answer:
 * when, in milliseconds since 1970, and how many milliseconds after the answer before, without those in which whoever asks stood still.
 */
export interface Answer {
  readonly address: string;
  readonly mac: string;
  readonly at: number;
  readonly silence: number;
}

/** Compiles the program that asks. */
export async function makeAddressWatch(): Promise<void> {
  await promisify(execFile)('make', ['--no-print-directory', '-f', 'src/speaker/net/native/addon.mk', 'build/address-watch'], {
    cwd: ROOT,
  });
}

/** A host that asks for addresses of one family in turn, from the start until it is disposed of. */
export class AddressWatch implements AsyncDisposable {
  /** What has changed so far, oldest first. */
  readonly answers: Answer[] = [];
  /** Who answers now, by address. */
  readonly owners: Map<string, string> = new Map();
  readonly #child: ReturnType<typeof spawn>;

  /** `rate` is questions a second, all addresses together. */
  constructor(host: Host, addresses: readonly string[], rate: number) {
    const [program = '', ...words] = host.enter([PROGRAM, 'eth0', `${rate}`, `${MOST_MILLISECONDS}`]);
    const child = spawn(program, words, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#child = child;
    child.stdin.end(`${addresses.map((address) => questionOf(host, address)).join('\n')}\n`);
    createInterface(child.stdout).on('line', (line) => {
      const [index, microseconds, mac = '', silence] = line.split(' ');
      const address = addresses[Number(index)] ?? '';
      this.answers.push({ address, mac, at: Number(microseconds) / 1_000, silence: Number(silence) / 1_000 });
      this.owners.set(address, mac);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill();
    if (this.#child.exitCode === null && this.#child.signalCode === null) await once(this.#child, 'exit');
  }
}

/** The question for an address by broadcast, or to its group. */
function questionOf({ addresses: { mac, ipv4, ipv6 } }: Host, address: string): string {
  if (!address.includes(':')) return arpRequest({ senderMac: mac, senderIp: ipv4, targetIp: address });
  const source = Number.parseInt(mac.replaceAll(':', ''), 16) as Mac;
  return Buffer.from(neighborSolicitation(address, { source, sourceMac: source, sourceIp: ipv6 })).toString('hex');
}
