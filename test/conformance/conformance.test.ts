import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { type Entry, type Exchange, formatExchange, parseEntries } from './exchange.ts';
import { OurSide } from './our-side.ts';
import { planOf, ROUTERS, SCENARIOS, type Scenario, takesPart } from './scenarios.ts';

// What this product and real routers said to each other, as the README beside this file tells.

const ROWS = SCENARIOS.flatMap((scenario) =>
  ROUTERS.filter((router) => takesPart(router, scenario)).map((router) => ({ router, name: scenario.name, scenario })),
);

function readExchange(scenario: string, router: string): string {
  return readFileSync(join(import.meta.dirname, scenario, `${router}.txt`), 'utf8');
}

/** The exchange as it goes today, when the router says what it said then. */
function replay(scenario: Scenario, recorded: readonly Entry[]): readonly Entry[] {
  const side = new OurSide(scenario.held);
  const entries: Entry[] = [];
  const said = (messages: readonly Uint8Array[]): void =>
    void entries.push(...messages.map((octets): Entry => ({ kind: 'said', hex: Buffer.from(octets).toString('hex') })));
  said(side.begin(planOf(scenario)));
  for (const entry of recorded) {
    if (entry.kind === 'said') continue;
    entries.push(entry);
    if (entry.kind === 'heard') said(side.hear(Buffer.from(entry.hex, 'hex')));
    else said(oursOf(scenario, entry.what)?.(side) ?? []);
  }
  return entries;
}

function oursOf({ steps = [] }: Scenario, what: string): ((side: OurSide) => readonly Uint8Array[]) | undefined {
  const step = steps.find((one) => one.what === what);
  if (step === undefined) throw new Error(`the scenario has no step "${what}": record it anew`);
  return 'ours' in step ? step.ours : undefined;
}

/** Without versions and remarks, which are not of today. */
function textOf(entries: readonly Entry[]): string {
  const exchange: Exchange = { router: '', scenario: '', about: '', entries };
  return formatExchange(exchange);
}

describe('what is said to a router', () => {
  test.each(ROWS)('$name, $router: is what was said', ({ router, name, scenario }) => {
    const recorded = parseEntries(readExchange(name, router));
    expect(textOf(replay(scenario, recorded))).toBe(textOf(recorded));
  });

  test.each(ROWS)('$name, $router: the words beneath the octets are theirs, and all steps were taken', ({ router, name, scenario }) => {
    const text = readExchange(name, router);
    const entries = parseEntries(text);
    const version = /^# router: (.*)$/m.exec(text)?.[1] ?? '';
    expect(text).toBe(formatExchange({ router: version, scenario: name, about: scenario.about, entries }));
    const steps = entries.flatMap((entry) => (entry.kind === 'step' ? [entry.what] : []));
    expect(steps).toEqual((scenario.steps ?? []).map(({ what }) => what));
  });
});
