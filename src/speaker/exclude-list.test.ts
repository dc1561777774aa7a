import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { EXCLUDE_FILE, parseExcludeList } from './exclude-list.ts';

test.each<{ text: string | undefined; patterns: string[] }>([
  { text: undefined, patterns: [] },
  { text: '', patterns: [] },
  { text: 'announcedInterfacesToExclude:\n', patterns: [] },
  { text: 'something: else\n', patterns: [] },
  { text: 'announcedInterfacesToExclude:\n- ^docker.*\n- ^lo$\n', patterns: ['^docker.*', '^lo$'] },
])('$text: $patterns', ({ text, patterns }) => {
  expect(parseExcludeList(text)).toEqual({ ok: true, value: patterns });
});

test.each<{ text: string; fault: string }>([
  { text: 'a: [', fault: 'this is no YAML' },
  { text: 'announcedInterfacesToExclude: ^docker.*\n', fault: 'must be a list of regular expressions' },
  { text: 'announcedInterfacesToExclude: [7]\n', fault: '7 in announcedInterfacesToExclude is not a text' },
  { text: 'announcedInterfacesToExclude: ["(eth"]\n', fault: '"(eth" in announcedInterfacesToExclude is no regular expression' },
])('$text is refused: $fault', ({ text, fault }) => {
  const parsed = parseExcludeList(text);
  expect(parsed.ok ? '' : parsed.error).toContain(fault);
  expect(parsed.ok ? '' : parsed.error).toContain(EXCLUDE_FILE);
});

test('the list that is installed by default keeps the links of container networks out, and no card of a node', () => {
  const manifest = parse(readFileSync(new URL('../../config/speaker/excludel2.yaml', import.meta.url), 'utf8')) as {
    data: Record<string, string>;
  };
  const list = parseExcludeList(manifest.data['excludel2.yaml']);
  const excluded = (name: string): boolean => list.ok && list.value.some((pattern) => new RegExp(pattern).test(name));
  const inside = ['docker0', 'veth12ab', 'lo', 'cali1', 'cni0', 'flannel.1', 'kube-ipvs0', 'lxc1', 'nodelocaldns', 'tunl0', 'virbr0'];
  expect(inside.filter((name) => !excluded(name))).toEqual([]);
  expect(['eth0', 'enp3s0', 'bond0', 'br0', 'eno1', 'wlan0', 'vlan.10'].filter(excluded)).toEqual([]);
});
