import {
  type Context,
  decodedToJson,
  decodeMessage,
  INITIAL_CONTEXT,
  negotiate,
  type Open,
  prettyText,
} from '../../packages/bgp-parser/src/bgp-parser.ts';

/** One thing of an exchange, in the order in which they came. */
export type Entry =
  /** A message that this product sent. */
  | { readonly kind: 'said'; readonly hex: string }
  /** A message that the router sent. */
  | { readonly kind: 'heard'; readonly hex: string }
  /** A step of the scenario was taken. */
  | { readonly kind: 'step'; readonly what: string };

/** An exchange with a router, as it was recorded. */
export interface Exchange {
  /** The router and its version, as in `frr 8.4.4`. */
  readonly router: string;
  readonly scenario: string;
  readonly about: string;
  readonly entries: readonly Entry[];
}

/** How the lines of an exchange begin that say what it is made of; all others are for people. */
const MARKS = { said: '> ', heard: '< ', step: '= ' } as const;
const OPEN_TYPE = 1;
const TYPE_OFFSET = 18;

/** The text of an exchange: no times and no addresses of the machine, so that a diff of two shows what has changed. */
export function formatExchange({ router, scenario, about, entries }: Exchange): string {
  const head = [`router: ${router}`, `scenario: ${scenario}`, `about: ${about}`].map((line) => `# ${line}`);
  const [ours, theirs] = [openOf(entries, 'said'), openOf(entries, 'heard')];
  const agreed = ours === undefined || theirs === undefined ? undefined : { said: negotiate(theirs, ours), heard: negotiate(ours, theirs) };
  const blocks = entries.map((entry) => (entry.kind === 'step' ? `${MARKS.step}${entry.what}` : blockOf(entry, agreed?.[entry.kind])));
  return `${[head.join('\n'), ...blocks].join('\n\n')}\n`;
}

/** The entries of a text that {@link formatExchange} made. */
export function parseEntries(text: string): readonly Entry[] {
  const kinds = Object.entries(MARKS) as readonly [Entry['kind'], string][];
  return text.split('\n').flatMap((line): Entry[] => {
    const kind = kinds.find(([, mark]) => line.startsWith(mark))?.[0];
    const rest = line.slice(MARKS.step.length);
    if (kind === undefined) return [];
    return [kind === 'step' ? { kind, what: rest } : { kind, hex: rest }];
  });
}

/** The octets, and beneath them what they mean to the side that reads them. */
function blockOf({ kind, hex }: Exclude<Entry, { kind: 'step' }>, agreed: Context | undefined): string {
  const octets = Buffer.from(hex, 'hex');
  const context = octets[TYPE_OFFSET] === OPEN_TYPE ? INITIAL_CONTEXT : (agreed ?? INITIAL_CONTEXT);
  const meaning = prettyText(decodedToJson(decodeMessage(octets, context)));
  return [`${MARKS[kind]}${hex}`, ...meaning.split('\n').map((line) => `    ${line}`)].join('\n');
}

function openOf(entries: readonly Entry[], kind: 'said' | 'heard'): Open | undefined {
  for (const entry of entries) {
    if (entry.kind !== kind) continue;
    const { message } = decodeMessage(Buffer.from(entry.hex, 'hex'), INITIAL_CONTEXT);
    if (message?.type === 'open') return message;
  }
  return undefined;
}
