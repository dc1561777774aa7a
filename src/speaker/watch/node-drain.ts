import type { Clock, Micros, Timer } from '../../lib/clock.ts';
import { type DrainEvent, type DrainState, stepDrain } from './drain.ts';

/** What leaving BGP needs of the world. */
export interface NodeDrainPorts {
  readonly clock: Clock;
  /** How long routers have to move their traffic. */
  readonly pause: Micros;
  /** Takes each state that is another one. */
  readonly changed: (state: DrainState) => void;
}

/** Whether this node is about to leave BGP, with the time that it takes. */
export class NodeDrain implements Disposable {
  readonly #ports: NodeDrainPorts;
  #state: DrainState = 'unknown';
  #timer: Timer | undefined;

  constructor(ports: NodeDrainPorts) {
    this.#ports = ports;
  }

  /** Where it is. */
  get state(): DrainState {
    return this.#state;
  }

  /** Takes whether the node is to leave. */
  tell(away: boolean): void {
    this.#step(away ? 'away' : 'back');
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
  }

  #step(event: DrainEvent): void {
    const before = this.#state;
    const [state, effects] = stepDrain(before, event);
    this.#state = state;
    for (const effect of effects) {
      this[Symbol.dispose]();
      if (effect === 'start-timer') this.#timer = this.#ports.clock.startTimer(this.#ports.pause, () => this.#step('expired'));
    }
    if (state !== before) this.#ports.changed(state);
  }
}
