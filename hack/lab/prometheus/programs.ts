import type { NeededProgram } from '../packages.ts';

const debian = 'prometheus';

/** Prometheus, which watches the product in the lab, and what tests its rules. */
export const PROMETHEUS_PROGRAMS: readonly NeededProgram[] = [
  { program: 'prometheus', debian, purpose: 'reading the metrics as users do', service: 'prometheus.service' },
  { program: 'promtool', debian, purpose: 'testing the alert rules' },
];
