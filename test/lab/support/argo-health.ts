import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { run } from '../../../hack/lab/command.ts';
import type { NeededProgram } from '../../../hack/lab/packages.ts';

const FILE = join(import.meta.dirname, '../../../config/samples/gitops/argocd-health.yaml');
const KEY = /^resource\.customizations\.health\.metallb\.io_(\w+)$/;

/** The Lua that Argo CD runs: its interpreter speaks 5.1 too. */
export const LUA: NeededProgram = { program: 'lua5.1', debian: 'lua5.1', purpose: 'running the health checks of Argo CD' };

/** What a health check says. */
export interface Health {
  readonly status: string;
  readonly message: string;
}

/** The scripts of the sample by kind. */
export async function healthScripts(): Promise<ReadonlyMap<string, string>> {
  const { data } = parse(await readFile(FILE, 'utf8')) as { readonly data: Readonly<Record<string, string>> };
  return new Map(Object.entries(data).map(([key, script]) => [KEY.exec(key)?.[1] ?? key, script]));
}

/** What a script says of an object. */
export async function healthOf(script: string, object: unknown): Promise<Health> {
  const program = `local obj = ${luaOf(object)}
    local health = (function() ${script} end)()
    io.write(health.status, "\\n", health.message or "")`;
  const [status = '', ...message] = (await run([LUA.program, '-'], { stdin: program })).split('\n');
  return { status, message: message.join('\n') };
}

/** A value of JSON as a Lua expression. */
function luaOf(value: unknown): string {
  if (value === null || value === undefined) return 'nil';
  if (typeof value === 'string') return luaText(value);
  if (Array.isArray(value)) return `{${value.map(luaOf).join(',')}}`;
  if (typeof value !== 'object') return String(value);
  return `{${Object.entries(value).map(([name, each]) => `[${luaText(name)}]=${luaOf(each)}`)}}`;
}

/** Each byte by its number: Lua 5.1 knows no escapes of JSON. */
function luaText(text: string): string {
  return `"${[...Buffer.from(text)].map((byte) => `\\${String(byte).padStart(3, '0')}`).join('')}"`;
}
