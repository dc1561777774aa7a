import { type AddressFamily, IPV4_UNICAST, IPV6_UNICAST } from '../address-family.ts';
import { type Context, INITIAL_CONTEXT, MAXIMUM_EXTENDED_LENGTH } from '../context.ts';
import { err, ok, type Result } from '../result.ts';

/** What the command line asks for. */
export interface Order {
  readonly verb: 'decode' | 'encode';
  /** One message, or `-` for one a line on standard input. */
  readonly input: string;
  readonly context: Context;
  /** Text for people in place of JSON. */
  readonly pretty: boolean;
}

/** What `--help` prints. */
export const USAGE = `usage: bgp-parser decode HEX|- [--asn4] [--add-path FAMILIES] [--extended] [--pretty]
       bgp-parser encode JSON|- [--asn4] [--add-path FAMILIES] [--extended]

decode prints a BGP message, given in hexadecimal, as one JSON object with what is wrong with it in "faults".
encode prints the message that such an object describes in hexadecimal.
With - both read one message a line from standard input; empty lines and those that begin with # are passed over.

  --asn4               AS numbers have four octets: both ends have the capability (RFC 6793)
  --add-path FAMILIES  routes of ipv4, ipv6 or ipv4,ipv6 have Path Identifiers (RFC 7911)
  --extended           messages may have up to 65,535 octets (RFC 8654)
  --pretty             text for people instead of JSON

exit code: 0, 1 when a message ends the session by what is wrong with it, 2 when an input is no message or the command is wrong
`;

const ADD_PATH = '--add-path';
const FAMILIES: Readonly<Record<string, AddressFamily>> = { ipv4: IPV4_UNICAST, ipv6: IPV6_UNICAST };

/** Reads the words behind the program's name; `help` for who asks for it. Refuses with one sentence. */
export function parseOrder(words: readonly string[]): Result<Order | 'help', string> {
  if (words.includes('--help') || words.includes('-h')) return ok('help');
  const [verb, ...rest] = words;
  if (verb !== 'decode' && verb !== 'encode')
    return err(verb === undefined ? 'say what to do: decode or encode' : `there is no ${verb}: say decode or encode`);
  const { inputs, options } = sortWords(rest);
  let order: Order = { verb, input: '', context: INITIAL_CONTEXT, pretty: false };
  for (const { name, value } of options) {
    const next = withOption(order, name, value);
    if (!next.ok) return next;
    order = next.value;
  }
  const [input] = inputs;
  if (input === undefined) return err(`${verb} needs a message, or - to read them from standard input`);
  return inputs.length > 1 ? err(`${verb} takes one message, or - for many; there are ${inputs.length}`) : ok({ ...order, input });
}

/** An option as it was written; only `--add-path` takes its value from the next word. */
interface Option {
  readonly name: string;
  readonly value: string | undefined;
}

function sortWords(words: readonly string[]): { readonly inputs: readonly string[]; readonly options: readonly Option[] } {
  const inputs: string[] = [];
  const options: Option[] = [];
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? '';
    const [name = '', value] = word.split('=', 2);
    if (word === '-' || !word.startsWith('-')) inputs.push(word);
    else options.push({ name, value: name === ADD_PATH ? (value ?? words[++at] ?? '') : value });
  }
  return { inputs, options };
}

function withOption(order: Order, option: string, value: string | undefined): Result<Order, string> {
  const { context } = order;
  if (option === ADD_PATH) return withAddPath(order, value ?? '');
  if (value !== undefined) return err(`${option} takes no value`);
  switch (option) {
    case '--asn4':
      return ok({ ...order, context: { ...context, fourOctetAsn: true } });
    case '--extended':
      return ok({
        ...order,
        context: { ...context, maximumReceivedLength: MAXIMUM_EXTENDED_LENGTH, maximumSentLength: MAXIMUM_EXTENDED_LENGTH },
      });
    case '--pretty':
      return order.verb === 'decode' ? ok({ ...order, pretty: true }) : err('--pretty is for decode');
    default:
      return err(`there is no option ${option}`);
  }
}

function withAddPath(order: Order, value: string): Result<Order, string> {
  const families: AddressFamily[] = [];
  for (const name of value.split(',')) {
    const family = Object.hasOwn(FAMILIES, name) ? FAMILIES[name] : undefined;
    if (family === undefined) return err(`${ADD_PATH} takes ipv4, ipv6 or ipv4,ipv6, not "${value}"`);
    families.push(family);
  }
  return ok({ ...order, context: { ...order.context, addPathReceived: families, addPathSent: families } });
}
