import { type Clock, type Micros, milliseconds } from '../../lib/clock.ts';
import { pause } from '../../lib/pause.ts';
import type { Logger } from '../../telemetry/logger.ts';

/** What waiting for kube-proxy needs of the world. */
export interface KubeProxyGatePorts {
  readonly clock: Clock;
  readonly log: Logger;
  /** How long this kernel runs, in seconds. */
  readonly bootSeconds: number;
  /** A speaker ran on this kernel before. */
  readonly ranBefore: boolean;
  /** Where kube-proxy says that it is well, as `HOST:PORT`; empty when nobody is to be asked. */
  readonly address: string;
  /** Whether it says so now; rejects never. */
  isWell(address: string, signal: AbortSignal): Promise<boolean>;
  /** This node may answer for addresses from now on. */
  opened(): void;
}

/** A kernel that has run for longer has its rules, or has none for another reason than its start. */
const YOUNG_SECONDS = 300;
const ASK_EVERY: Micros = milliseconds(250);
/** A cluster without kube-proxy, or one in which it is broken, is to be served as well. */
const PATIENCE: Micros = milliseconds(30_000);

/**
 * Keeps a node that was just started from answering for addresses whose traffic it cannot forward yet: what does that are rules that
 * kube-proxy writes. Open from the start where the kernel has run for a while, or a speaker before.
 */
export class KubeProxyGate {
  readonly #ports: KubeProxyGatePorts;
  #open: boolean;

  constructor(ports: KubeProxyGatePorts) {
    this.#ports = ports;
    this.#open = ports.address === '' || ports.ranBefore || ports.bootSeconds >= YOUNG_SECONDS;
  }

  /** Whether this node may answer for addresses. */
  get open(): boolean {
    return this.#open;
  }

  /** Asks until it is open, or `signal` is aborted. Rejects never. */
  async run(signal: AbortSignal): Promise<void> {
    if (this.#open) return;
    const { clock, log, address, isWell, opened } = this.#ports;
    const from = clock.now();
    log.info('this node was just started: it answers for no address before its kube-proxy is well', { op: 'kubeProxy', address });
    let well = false;
    while (!signal.aborted && !well && clock.now() - from < PATIENCE) {
      well = await isWell(address, signal);
      if (!well) await pause(clock, ASK_EVERY, signal);
    }
    if (signal.aborted) return;
    this.#open = true;
    const fields = { op: 'kubeProxy', address, milliseconds: Math.round((clock.now() - from) / 1_000) };
    if (well) log.info('kube-proxy is well: this node answers for addresses', fields);
    else log.warn('kube-proxy does not say that it is well: this node answers for addresses nevertheless', fields);
    opened();
  }
}
