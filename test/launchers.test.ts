import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

let root = '';

/** A checkout with the real launchers and a Node that says it is `version` and repeats its arguments. */
function installNode(version: string): void {
  const folder = join(root, 'node_modules', '.bin');
  mkdirSync(folder, { recursive: true });
  const script = `#!/bin/sh\nif [ "$1" = --version ]; then echo ${version}; else printf '%s\\n' "$$" "$@"; fi\n`;
  writeFileSync(join(folder, 'node'), script);
  chmodSync(join(folder, 'node'), 0o755);
}

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'typemetal launcher '));
  cpSync(join(import.meta.dirname, '..', 'bin'), join(root, 'bin'), { recursive: true });
});

afterEach(() => rmSync(root, { recursive: true }));

describe.each([
  { name: 'controller', entry: 'src/operators/main.ts' },
  { name: 'speaker', entry: 'src/speaker/main.ts' },
  { name: 'kubectl-typemetal', entry: 'src/cli/main.ts' },
])('bin/$name', ({ name, entry }) => {
  test('starts its program on the pinned Node and hands on each argument as it is', () => {
    installNode('v24.1.2');
    const lines = execFileSync(join(root, 'bin', name), ['--a', 'b c', ''])
      .toString()
      .split('\n');
    expect(lines.slice(-5)).toEqual([join(root, entry), '--a', 'b c', '', '']);
  });

  test('finds its checkout through symbolic links', () => {
    installNode('v24.0.0');
    symlinkSync(join('bin', name), join(root, 'first'));
    symlinkSync('first', join(root, 'second'));
    expect(execFileSync(join(root, 'second'), { cwd: '/' }).toString()).toContain(`\n${join(root, entry)}\n`);
  });

  test('becomes the program, so that signals reach it', () => {
    installNode('v24.0.0');
    const { pid, stdout } = spawnSync(join(root, 'bin', name));
    expect(stdout.toString().split('\n')[0]).toBe(String(pid));
  });

  test('says what to do when Node is missing', () => {
    const { status, stderr } = spawnSync(join(root, 'bin', name));
    expect([status, stderr.toString()]).toEqual([
      1,
      `${join(root, 'bin', name)}: ${root}/node_modules/.bin/node is missing: run 'make setup' in ${root}\n`,
    ]);
  });

  test('says what to do when Node is another one', () => {
    installNode('v20.19.0');
    const { status, stderr } = spawnSync(join(root, 'bin', name));
    expect(status).toBe(1);
    expect(stderr.toString()).toMatch(/is Node v20\.19\.0, but Node 24 is needed: run 'make setup' in .*\n$/);
  });
});
