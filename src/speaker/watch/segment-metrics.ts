import type { SegmentCounts, Taking } from '../../model/plan.ts';
import type { Counter, Histogram, Metrics } from '../../telemetry/metrics.ts';

/** Upper ends in seconds: a node's death is noticed after a third of a second, a speaker's end after its grace. */
const FAIL_OVER_BOUNDS = [0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.75, 1, 2.5, 5, 10, 30, 60, 300];

type Group = keyof SegmentCounts;

/** Says by metrics what speakers say to each other, and how long addresses were without their owner. One for a process: it registers them. */
export class SegmentMetrics {
  readonly #counters: Readonly<Record<Group, { readonly counter: Counter; readonly label: string }>>;
  readonly #failOver: Histogram;
  #before: SegmentCounts = { sent: {}, received: {}, refused: {}, verdicts: {} };

  constructor(metrics: Metrics) {
    const counterOf = (name: string, help: string, label: string): { readonly counter: Counter; readonly label: string } => {
      return { counter: metrics.counter(name, help, [label]), label };
    };
    this.#counters = {
      sent: counterOf('typemetal_layer2_frames_sent_total', 'Number of frames sent to other speakers, by what they say', 'kind'),
      received: counterOf('typemetal_layer2_frames_received_total', 'Number of frames of other speakers, by what they say', 'kind'),
      refused: counterOf(
        'typemetal_layer2_frames_refused_total',
        'Number of frames that seemed to come from a speaker and were not taken',
        'reason',
      ),
      verdicts: counterOf(
        'typemetal_layer2_verdicts_total',
        'Number of times that this node changed its mind about another one',
        'verdict',
      ),
    };
    this.#failOver = metrics.histogram(
      'typemetal_layer2_fail_over_seconds',
      'Time from the last word of a node to the moment at which this node answered for one of its addresses',
      FAIL_OVER_BOUNDS,
    );
  }

  /** Takes all that was counted since the wire thread started; one that was started anew counts from 0. */
  take(counts: SegmentCounts): void {
    for (const group of Object.keys(this.#counters) as Group[]) {
      const { counter, label } = this.#counters[group];
      for (const [name, count] of Object.entries(counts[group])) {
        const before = this.#before[group][name] ?? 0;
        const added = count < before ? count : count - before;
        if (added > 0) counter.add(added, { [label]: name });
      }
    }
    this.#before = counts;
  }

  /** An address has come to this node. */
  taken({ silentMilliseconds }: Taking): void {
    if (silentMilliseconds !== undefined) this.#failOver.observe(silentMilliseconds / 1_000);
  }
}
