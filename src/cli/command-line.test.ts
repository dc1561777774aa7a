import { expect, test } from '@jest/globals';
import { parseCommandLine, USAGE, wantsColour } from './command-line.ts';

const DEFAULTS = { json: false, namespace: undefined, metallbNamespace: 'metallb-system' };

test.each([
  { words: 'lint a.yaml b.yaml', order: { verb: 'lint', operands: ['a.yaml', 'b.yaml'] } },
  { words: 'lint -', order: { verb: 'lint', operands: ['-'] } },
  { words: 'lint - -o json', order: { verb: 'lint', operands: ['-'], json: true } },
  { words: '--output=json lint -', order: { verb: 'lint', operands: ['-'], json: true } },
  { words: 'lint -n mine a', order: { verb: 'lint', operands: ['a'], namespace: 'mine' } },
  { words: 'lint a --metallb-namespace lb', order: { verb: 'lint', operands: ['a'], metallbNamespace: 'lb' } },
  { words: 'explain default/web --context c', order: { verb: 'explain', operands: ['default/web'], context: 'c' } },
  { words: 'status --kubeconfig=k', order: { verb: 'status', operands: [], kubeconfig: 'k' } },
  { words: 'preflight --node-checks', order: { verb: 'preflight', operands: [], nodeChecks: true } },
  { words: 'preflight', order: { verb: 'preflight', operands: [], nodeChecks: false } },
  { words: 'rebalance', order: { verb: 'rebalance', operands: [], apply: false } },
  { words: 'rebalance --apply', order: { verb: 'rebalance', operands: [], apply: true } },
  { words: 'migrate configmap a', order: { verb: 'migrate', operands: ['a'] } },
])('$words', ({ words, order }) => {
  const parsed = parseCommandLine(words.split(' '), {});
  expect(parsed).toEqual({ ok: true, value: { kind: 'order', order: expect.objectContaining({ ...DEFAULTS, ...order }) } });
});

test.each([
  { words: '--help', kind: 'help' },
  { words: 'lint -h', kind: 'help' },
  { words: '--version', kind: 'version' },
])('$words', ({ words, kind }) => {
  expect(parseCommandLine(words.split(' '), {})).toEqual({ ok: true, value: { kind } });
});

test.each([
  { words: '', says: /^say what to do: lint, migrate/ },
  { words: 'lnit a', says: /^there is no command lnit: lint, migrate/ },
  { words: 'toString', says: /^there is no command toString/ },
  { words: 'lint', says: /^lint takes files, or - for standard input$/ },
  { words: 'migrate a', says: /^migrate wants to know what: migrate configmap FILE$/ },
  { words: 'migrate configmap', says: /^migrate takes one file/ },
  { words: 'migrate configmap a b', says: /^migrate takes one file/ },
  { words: 'explain', says: /^explain takes one Service: NAME or NAMESPACE\/NAME$/ },
  { words: 'status a', says: /^status takes nothing but flags$/ },
  { words: 'status --node-checks', says: /^--node-checks belongs to preflight$/ },
  { words: 'status --apply', says: /^--apply belongs to rebalance$/ },
  { words: 'lint a -o yaml', says: /^--output yaml: want text or json$/ },
  { words: 'lint a --colour', says: /^Unknown option '--colour'$/ },
  { words: 'lint a -n', says: /^Option '-n, --namespace <value>' argument missing$/ },
])('"$words" is refused with one sentence', ({ words, says }) => {
  const parsed = parseCommandLine(words === '' ? [] : words.split(' '), {});
  expect(parsed).toEqual({ ok: false, error: expect.stringMatching(says) });
});

test('the environment names the namespace of the configuration where no flag does', () => {
  const namespaceOf = (words: readonly string[]): unknown => {
    const parsed = parseCommandLine(['lint', 'a', ...words], { METALLB_NAMESPACE: 'lb' });
    return parsed.ok && parsed.value.kind === 'order' ? parsed.value.order.metallbNamespace : undefined;
  };
  expect([namespaceOf([]), namespaceOf(['--metallb-namespace=x'])]).toEqual(['lb', 'x']);
});

test.each([
  { words: [], environment: {}, wanted: true },
  { words: ['--no-color'], environment: {}, wanted: false },
  { words: [], environment: { NO_COLOR: '1' }, wanted: false },
  { words: [], environment: { NO_COLOR: '' }, wanted: true },
  { words: [], environment: { TERM: 'dumb' }, wanted: false },
])('colours with $words and $environment: $wanted', ({ words, environment, wanted }) => {
  expect(wantsColour(words, environment)).toBe(wanted);
});

test('the help text names each command, and fits a terminal of 132 columns', () => {
  for (const verb of ['lint', 'migrate configmap', 'explain', 'status', 'preflight', 'rebalance']) expect(USAGE).toContain(`\n  ${verb} `);
  for (const line of USAGE.split('\n')) expect(line.length).toBeLessThanOrEqual(132);
});
