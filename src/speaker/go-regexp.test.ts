import { expect, test } from '@jest/globals';
import { goRegExp } from './go-regexp.ts';

test.each<{ pattern: string; takes: string[]; leaves: string[] }>([
  { pattern: '^docker.*', takes: ['docker0'], leaves: ['mydocker'] },
  { pattern: 'docker', takes: ['docker0', 'mydocker'], leaves: ['eth0'] },
  { pattern: '(?i)^eth', takes: ['eth0', 'ETH0'], leaves: ['wlan0'] },
  { pattern: '^eth[[:digit:]]+$', takes: ['eth0', 'eth12'], leaves: ['eth', 'ethd'] },
  { pattern: '^[[:alpha:][:digit:]]+$', takes: ['eth0'], leaves: ['br-1'] },
  { pattern: '\\Aeth0\\z', takes: ['eth0'], leaves: ['eth01', 'xeth0'] },
  { pattern: '^(?P<kind>eth|wlan)[0-9]$', takes: ['eth0', 'wlan1'], leaves: ['lo'] },
  { pattern: '^eth\\-0$', takes: ['eth-0'], leaves: ['eth0'] },
])('$pattern', ({ pattern, takes, leaves }) => {
  const translated = goRegExp(pattern);
  expect(translated.ok).toBe(true);
  const expression = new RegExp(translated.ok ? translated.value : 'refused');
  expect(takes.filter((name) => !expression.test(name))).toEqual([]);
  expect(leaves.filter((name) => expression.test(name))).toEqual([]);
});

test.each([
  { pattern: '(eth', fault: 'Unterminated group' },
  { pattern: '^[[:letter:]]', fault: '[:letter:] is no class of characters' },
  { pattern: '^\\pL', fault: '\\p cannot be used here' },
  { pattern: '\\Qeth.0\\E', fault: '\\Q cannot be used here' },
  { pattern: '[[:^digit:]]', fault: '[:^ cannot be used here' },
])('$pattern is refused: $fault', ({ pattern, fault }) => {
  const translated = goRegExp(pattern);
  expect(translated.ok ? '' : translated.error).toContain(fault);
});
