import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

/** One line of `route-collector.ts`. */
export interface RouteLine {
  readonly at: number;
  readonly event: 'up' | 'down' | 'update' | 'notification';
  /** `address:port`: who speaks, and to which port. */
  readonly from: string;
  readonly come?: readonly string[];
  readonly gone?: readonly string[];
  /** End-of-RIB. */
  readonly end?: boolean;
}

const LOOK_MILLISECONDS = 5;

/** What a collector has noted: each session's routes, and when they came. */
export class RouteLog {
  readonly lines: RouteLine[] = [];
  /** By session: the routes that are there, with the moment at which each came. */
  readonly tables: Map<string, Map<string, number>> = new Map();
  readonly #path: string;
  #read = 0;

  constructor(path: string) {
    this.#path = path;
  }

  /** Reads what is new. */
  async follow(): Promise<void> {
    const text = await readFile(this.#path, 'utf8');
    const end = text.lastIndexOf('\n') + 1;
    const fresh = text.slice(this.#read, end);
    this.#read = end;
    for (const line of fresh.split('\n').filter((each) => each.startsWith('{'))) this.#take(JSON.parse(line) as RouteLine);
  }

  /** Waits until something holds. */
  async until(what: string, holds: () => boolean, withinMilliseconds: number = 120_000): Promise<void> {
    const deadline = performance.now() + withinMilliseconds;
    for (await this.follow(); !holds(); await this.follow()) {
      if (performance.now() > deadline) throw new Error(`never happened: ${what}`);
      await sleep(LOOK_MILLISECONDS);
    }
  }

  /** UPDATE messages with routes since a moment, by session. */
  updatesSince(since: number): Map<string, RouteLine[]> {
    const updates = this.lines.filter(({ at, event, end }) => at >= since && event === 'update' && end === false);
    return Map.groupBy(updates, ({ from }) => from);
  }

  /** How many routes there are of a session. */
  count(from: string): number {
    return this.tables.get(from)?.size ?? 0;
  }

  #take(line: RouteLine): void {
    this.lines.push(line);
    if (line.event === 'up') this.tables.set(line.from, new Map());
    else if (line.event === 'down') this.tables.delete(line.from);
    const table = this.tables.get(line.from);
    for (const prefix of line.gone ?? []) table?.delete(prefix);
    for (const prefix of line.come ?? []) table?.set(prefix, line.at);
  }
}
