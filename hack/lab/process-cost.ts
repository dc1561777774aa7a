import { readFile } from 'node:fs/promises';
import type { ProductProcess } from './product.ts';

/** How much memory a process has at this moment, in MiB (proc(5), VmRSS). */
export async function residentMebibytes({ program }: ProductProcess): Promise<number> {
  const status = await readFile(`/proc/${program.pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) / 1_024;
}

/** Seconds of processor time since the process began (proc(5), fields 14 and 15 of stat, in hundredths). */
export async function processorSeconds({ program }: ProductProcess): Promise<number> {
  const fields = (await readFile(`/proc/${program.pid}/stat`, 'utf8')).split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}
