import type { PlanChange, Report } from '../../model/plan.ts';

/** What the wire thread is given when it starts; plain data that crosses to another thread. */
export interface WireSettings {
  /** Regular expressions; a link whose name one of them matches is left alone (the file `excludel2.yaml`). */
  readonly excludedInterfaces: readonly string[];
  /** Whether the log writes debug lines: one per answer, so none is even built otherwise. */
  readonly debug: boolean;
}

/** Main thread to wire thread. One `changes` is in flight at a time: the next one waits for `applied`. */
export type Order =
  | { readonly kind: 'changes'; readonly changes: readonly PlanChange[] }
  | { readonly kind: 'ping'; readonly id: number }
  /** The last `reports` were taken; the next may be sent. */
  | { readonly kind: 'received' };

/** Wire thread to main thread. One `reports` is in flight at a time: the next one waits for `received`. */
export type Notice =
  | { readonly kind: 'reports'; readonly reports: readonly Report[] }
  /** The last `changes` were taken; the next may be sent. */
  | { readonly kind: 'applied' }
  /** `answering` is whether the thread has the sockets that its links need. */
  | { readonly kind: 'pong'; readonly id: number; readonly answering: boolean };
