import { ApiEventRecorder, type EventRecorderPorts } from '../kubernetes/event-recorder.ts';
import { type Candidacy, LeaseElector } from '../kubernetes/lease-elector.ts';
import { PermittedApi } from '../kubernetes/permitted-api.ts';
import { ApiStatusWriter } from '../kubernetes/status-writer.ts';
import type { ProgramPorts, Task, Work } from './work.ts';

/** What the work of a leader is given. */
export interface Leading {
  readonly ports: ProgramPorts;
  /** Whom its events name as their source. */
  readonly reporter: Pick<EventRecorderPorts, 'component' | 'host'>;
  /** `undefined`: this process leads without asking. */
  readonly candidacy: Candidacy | undefined;
}

/** Runs the work of a leader, anew for each term; each has writers of its own, which fall silent with it. */
export function leadingTask(whileLeading: NonNullable<Work['whileLeading']>, { ports, reporter, candidacy }: Leading): Task {
  if (candidacy === undefined) return whileLeading(ports);
  const elector = new LeaseElector(candidacy, ports);
  return (signal) =>
    elector.run((term) => {
      const api = new PermittedApi(ports.api, term);
      const events = new ApiEventRecorder({ ...ports, api, ...reporter });
      const statusWriter = new ApiStatusWriter({ api, log: ports.log });
      const work = whileLeading({ ...ports, api, events, statusWriter, leadership: term });
      return async (ending) => {
        await Promise.all([events.run(ending), work(ending)]);
      };
    }, signal);
}
