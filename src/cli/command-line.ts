import { parseArgs } from 'node:util';
import { describeError } from '../lib/errors.ts';
import { err, ok, type Result } from '../lib/result.ts';

/** What the program can be told to do. */
export type Verb = 'lint' | 'migrate' | 'explain' | 'status' | 'preflight' | 'rebalance';

/** What the command line asks for. */
export interface Order {
  readonly verb: Verb;
  /** Files of `lint` and `migrate`; the Service of `explain`. */
  readonly operands: readonly string[];
  readonly json: boolean;
  /** Of a Service: the one of the kubeconfig's context unless told. Of files: that of the configuration. */
  readonly namespace: string | undefined;
  /** Where the configuration lies. */
  readonly metallbNamespace: string;
  readonly kubeconfig: string | undefined;
  readonly context: string | undefined;
  /** Whether to change what was found, in place of only saying it. */
  readonly apply: boolean;
  /** Whether to look at the machine that this runs on in place of the cluster. */
  readonly nodeChecks: boolean;
}

/** What to print in place of doing anything. */
export type Request = { readonly kind: 'help' } | { readonly kind: 'version' } | { readonly kind: 'order'; readonly order: Order };

/** What `--help` prints. */
export const USAGE = `usage: kubectl typemetal COMMAND [flags]

  lint FILE…                     says what is wrong with objects in YAML or JSON, as the controller would; needs no cluster
  migrate configmap FILE         turns a ConfigMap of MetalLB before 0.13 into objects, on standard output; needs no cluster
  explain SERVICE                pool, addresses, who announces them, endpoints; why not, and what to do
  status                         pools, nodes, peers, and what is refused
  rebalance                      which Services would go to which node, for an even spread on the segment
  rebalance --apply              has them go
  preflight                      what keeps the cluster from working, each with the way out
  preflight --node-checks        the same of the machine that this runs on

FILE is - for standard input, SERVICE is NAME, service/NAME or NAMESPACE/NAME.

  -n, --namespace NAME           of the Service; of the objects in files that name none
      --metallb-namespace NAME   where the configuration lies (metallb-system, or METALLB_NAMESPACE)
  -o, --output text|json         for people or for programs
      --kubeconfig FILE          as for kubectl
      --context NAME             as for kubectl
      --no-color                 no colours; there are none where the output is no terminal, or NO_COLOR is set
      --version, --help

exit code: 0 when all is well, 1 when something is wrong with what was looked at, 2 when it could not be looked at
`;

const OPTIONS = {
  namespace: { type: 'string', short: 'n' },
  'metallb-namespace': { type: 'string' },
  output: { type: 'string', short: 'o' },
  kubeconfig: { type: 'string' },
  context: { type: 'string' },
  'node-checks': { type: 'boolean' },
  apply: { type: 'boolean' },
  'no-color': { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean' },
} as const;

/** Where the configuration lies unless somebody chose another namespace. */
export const DEFAULT_NAMESPACE = 'metallb-system';

/** How many words each command takes, and which. */
const OPERANDS: Readonly<Record<Verb, { readonly least: number; readonly most: number; readonly wants: string }>> = {
  lint: { least: 1, most: Number.POSITIVE_INFINITY, wants: 'files, or - for standard input' },
  migrate: { least: 1, most: 1, wants: 'one file behind the word configmap, or - for standard input' },
  explain: { least: 1, most: 1, wants: 'one Service: NAME or NAMESPACE/NAME' },
  status: { least: 0, most: 0, wants: 'nothing but flags' },
  preflight: { least: 0, most: 0, wants: 'nothing but flags' },
  rebalance: { least: 0, most: 0, wants: 'nothing but flags' },
};

/** Flags that one command alone has. */
const FLAGS_OF_ONE = [
  ['node-checks', 'preflight'],
  ['apply', 'rebalance'],
] as const;

/** Reads the words behind the program's name. The error is one sentence. */
export function parseCommandLine(
  words: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Result<Request, string> {
  const parsed = parsedWords(words);
  if (!parsed.ok) return parsed;
  const { values, positionals } = parsed.value;
  if (values.help === true) return ok({ kind: 'help' });
  if (values.version === true) return ok({ kind: 'version' });
  const [verb, ...rest] = positionals;
  if (!isVerb(verb))
    return err(`${verb === undefined ? 'say what to do' : `there is no command ${verb}`}: ${Object.keys(OPERANDS).join(', ')}`);
  if (verb === 'migrate' && rest.shift() !== 'configmap') return err('migrate wants to know what: migrate configmap FILE');
  const { least, most, wants } = OPERANDS[verb];
  if (rest.length < least || rest.length > most) return err(`${verb} takes ${wants}`);
  if (!['text', 'json', undefined].includes(values.output)) return err(`--output ${values.output}: want text or json`);
  const misplaced = FLAGS_OF_ONE.find(([flag, owner]) => values[flag] === true && verb !== owner);
  if (misplaced !== undefined) return err(`--${misplaced[0]} belongs to ${misplaced[1]}`);
  const metallbNamespace = values['metallb-namespace'] ?? (environment.METALLB_NAMESPACE || DEFAULT_NAMESPACE);
  return ok({
    kind: 'order',
    order: {
      verb,
      operands: rest,
      json: values.output === 'json',
      namespace: values.namespace,
      metallbNamespace,
      kubeconfig: values.kubeconfig,
      context: values.context,
      nodeChecks: values['node-checks'] === true,
      apply: values.apply === true,
    },
  });
}

/** Whether the words and the environment leave colours to a terminal (no-color.org). */
export function wantsColour(words: readonly string[], environment: Readonly<Record<string, string | undefined>>): boolean {
  return !words.includes('--no-color') && (environment.NO_COLOR ?? '') === '' && environment.TERM !== 'dumb';
}

type Parsed = ReturnType<typeof parseArgs<{ options: typeof OPTIONS; allowPositionals: true }>>;

function parsedWords(words: readonly string[]): Result<Parsed, string> {
  try {
    return ok(parseArgs({ args: [...words], options: OPTIONS, allowPositionals: true }));
  } catch (thrown) {
    // Its first sentence names the flag; what follows is about how to write words that begin with a dash.
    return err(
      describeError(thrown)
        .split('. ', 1)[0]
        ?.replace(/^TypeError \[\w+\]: /, '') ?? '',
    );
  }
}

function isVerb(word: string | undefined): word is Verb {
  return word !== undefined && Object.hasOwn(OPERANDS, word);
}
