import { describe, expect, test } from '@jest/globals';
import { checkOperatorBase, checkPackageFaces, checkRooms, roomOf } from './rooms.ts';
import { sourceFile } from './source-file.ts';

test.each([
  ['src/lib/ip.ts', 'src/lib'],
  ['src/speaker/wire/arp.ts', 'src/speaker/wire'],
  ['src/speaker/net/native/net.c', 'src/speaker/net'],
  ['src/speaker/options.ts', 'src/speaker'],
  ['src/operators/pools/plan.ts', 'src/operators/pools'],
  ['src/operators/options.ts', 'src/operators'],
  ['packages/bgp-parser/src/open.ts', 'packages/bgp-parser'],
  ['hack/lab/host.ts', 'hack'],
])('%s is in %s', (path, room) => expect(roomOf(path)).toBe(room));

describe('checkRooms', () => {
  test.each<{ path: string; text: string }>([
    { path: 'src/lib/a.ts', text: "import { ok } from './result.ts';" },
    {
      path: 'src/model/a/b.ts',
      text: "import { c } from '../c.ts';\nimport { ok } from '../../lib/result.ts';\nimport type { D } from '../../crds/d.ts';",
    },
    { path: 'src/telemetry/a.ts', text: "import winston from 'winston';" },
    { path: 'src/kubernetes/a.ts', text: "import { b } from 'node:tls';\nimport type { Logger } from '../telemetry/logger.ts';" },
    { path: 'src/operators/pools/operator.ts', text: "import { plan } from './plan.ts';\nimport { A } from '../../kubernetes/a.ts';" },
    { path: 'src/operators/main.ts', text: "import { A } from './pools/operator.ts';\nimport { readFileSync } from 'node:fs';" },
    { path: 'packages/bgp-parser/src/main.ts', text: "import { a } from './bgp-parser.ts';\nimport { parseArgs } from 'node:util';" },
    { path: 'src/cli/explain.ts', text: "import { plan } from '../operators/services/plan.ts';" },
    { path: 'src/lib/a.test.ts', text: "import { b } from '../../test/support/b.ts';" },
    { path: 'hack/a.ts', text: "import { b } from '../src/speaker/net/b.ts';" },
  ])('$path may: $text', ({ path, text }) => expect(checkRooms([sourceFile(path, text)])).toEqual([]));

  test.each<{ path: string; text: string; said: string }>([
    { path: 'src/lib/a.ts', text: "import { b } from 'node:fs';", said: 'src/lib may not import node:fs; it may import nothing' },
    {
      path: 'src/lib/a.ts',
      text: "import type { B } from '../model/b.ts';",
      said: 'src/lib may not import src/model; it may import nothing',
    },
    {
      path: 'src/model/a.ts',
      text: "import { B } from '../crds/b.ts';",
      said: 'src/model may import the types of src/crds only: write import type',
    },
    {
      path: 'src/speaker/wire/a.ts',
      text: "import type { B } from '../../model/b.ts';",
      said: 'src/speaker/wire may not import src/model; it may import src/lib',
    },
    {
      path: 'src/speaker/protocol/a/b.ts',
      text: "import type { L } from '../../../telemetry/logger.ts';",
      said: 'src/speaker/protocol may not import src/telemetry',
    },
    {
      path: 'src/speaker/net/a.ts',
      text: "import { b } from '../protocol/b.ts';",
      said: 'src/speaker/net may not import src/speaker/protocol',
    },
    {
      path: 'src/speaker/shell/a.ts',
      text: "import { b } from '../../telemetry/b.ts';",
      said: 'src/speaker/shell may import the types of src/telemetry only',
    },
    { path: 'src/speaker/watch/a.ts', text: "import { b } from '../net/b.ts';", said: 'src/speaker/watch may not import src/speaker/net' },
    {
      path: 'src/telemetry/a.ts',
      text: "import { b } from 'node:dgram';",
      said: 'src/telemetry may not import node:dgram; it may import winston',
    },
    {
      path: 'src/operators/pools/operator.ts',
      text: "import { b } from '../services/b.ts';",
      said: 'src/operators/pools may not import src/operators/services',
    },
    {
      path: 'src/operators/pools/plan.ts',
      text: "import { b } from '../../kubernetes/b.ts';",
      said: 'src/operators/pools may not import src/kubernetes',
    },
    {
      path: 'src/operators/pools/operator.ts',
      text: "import { b } from '@kubernetes/client-node';",
      said: 'src/operators/pools may not import @kubernetes/client-node',
    },
    { path: 'src/kubernetes/a.ts', text: "import type { B } from '../model/b.ts';", said: 'src/kubernetes may not import src/model' },
    {
      path: 'src/cli/a.ts',
      text: "import { b } from '../operators/services/operator.ts';",
      said: 'src/cli may not import src/operators/services',
    },
    {
      path: 'src/operators/main.ts',
      text: "import { b } from '../../test/support/b.ts';",
      said: 'imports test/support/b.ts, which is no part of the product',
    },
    {
      path: 'packages/bgp-parser/src/a.ts',
      text: "import { parseArgs } from 'node:util';",
      said: 'packages/bgp-parser may not import node:util; it may import nothing',
    },
    { path: 'src/new/a.ts', text: "import { b } from './b.ts';", said: 'this folder is no room' },
  ])('$path may not: $text', ({ path, text, said }) =>
    expect(checkRooms([sourceFile(path, text)])).toEqual([expect.stringContaining(`${path}:1: ${said}`)]),
  );
});

test('one file adapts the operator base', () => {
  const user = (name: string) => sourceFile(`src/kubernetes/${name}.ts`, "import Operator from '@dot-i/k8s-operator';");
  expect(checkOperatorBase([user('a'), sourceFile('src/kubernetes/b.ts', '')])).toEqual([]);
  expect(checkOperatorBase([user('a'), user('b')])).toHaveLength(2);
});

test.each<{ path: string; from: string; complaints: number }>([
  { path: 'bench/a.ts', from: '../packages/a/src/a.ts', complaints: 0 },
  { path: 'packages/a/src/b.ts', from: './c.ts', complaints: 0 },
  { path: 'packages/a/src/d/b.ts', from: '../c.ts', complaints: 0 },
  { path: 'src/speaker/protocol/a.ts', from: '@typemetal/a', complaints: 0 },
  { path: 'src/speaker/protocol/a.ts', from: '../../../packages/a/src/c.ts', complaints: 1 },
  { path: 'packages/b/src/b.ts', from: '../../a/src/c.ts', complaints: 1 },
  { path: 'test/support/a.ts', from: '../../packages/a/src/d/a.ts', complaints: 1 },
])('$path imports $from: $complaints', ({ path, from, complaints }) => {
  expect(checkPackageFaces([sourceFile(path, `import { x } from '${from}';`)])).toHaveLength(complaints);
});
