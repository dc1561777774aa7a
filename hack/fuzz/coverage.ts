import { type Profiler, Session } from 'node:inspector';

/** What a piece of work covered. */
export interface Covered {
  /** The blocks of code that ran, each by a name of its own. */
  readonly blocks: readonly string[];
  /** How often blocks ran, in all: the work in steps, which no clock and no busy machine changes. */
  readonly steps: number;
}

/** Tells what ran. */
export interface CodeCoverage {
  /** What ran since the last call. */
  take(): Covered;
}

/** The code that is watched: all of the package. */
const WATCHED = '/packages/bgp-parser/src/';

/**
 * Which blocks of the watched code run, counted by V8 itself in the thread that this is made in. To be made before the code
 * runs for the first time: what was compiled before has no counters in its blocks.
 */
export class Coverage implements CodeCoverage, Disposable {
  readonly #session: Session = new Session();

  constructor() {
    this.#session.connect();
    this.#session.post('Profiler.enable');
    this.#session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  }

  /** What ran since the last call. */
  take(): Covered {
    const blocks: string[] = [];
    let steps = 0;
    for (const { scriptId, functions } of this.#scripts()) {
      for (const { startOffset, endOffset, count } of functions.flatMap(({ ranges }) => ranges)) {
        if (count === 0) continue;
        steps += count;
        blocks.push(`${scriptId}:${startOffset}:${endOffset}`);
      }
    }
    return { blocks, steps };
  }

  [Symbol.dispose](): void {
    this.#session.disconnect();
  }

  /** The inspector answers a session of its own thread before `post` returns. */
  #scripts(): readonly Profiler.ScriptCoverage[] {
    let scripts: readonly Profiler.ScriptCoverage[] = [];
    this.#session.post('Profiler.takePreciseCoverage', (failure, answer) => {
      if (failure !== null) throw failure;
      scripts = answer.result.filter(({ url }) => url.includes(WATCHED));
    });
    return scripts;
  }
}
