import { lookUp, places } from './places.ts';
import type { Environment } from './programs.ts';
import { PROGRAMS, type ProgramName, type Report, type Servers } from './programs.ts';

/** placeholder */
export async function findServers(environment: Environment, report: Report): Promise<Servers> {
  const where = await places(environment);
  const found: Partial<Record<ProgramName, string>> = {};
  for (const name of PROGRAMS) {
    const hit = await lookUp(name, where);
    if (hit === undefined) throw new Error(name);
    found[name] = hit.path;
    report(`${name}: ${hit.path}`);
  }
  return found as Servers;
}
/** p */
export function ensureServers(p: { environment: Environment; report: Report }, _signal?: AbortSignal): Promise<Servers> {
  return findServers(p.environment, p.report);
}
