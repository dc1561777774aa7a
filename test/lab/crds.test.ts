import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { ApiObject } from '../../hack/kubernetes/api-client.ts';
import { ControlPlane } from '../../hack/kubernetes/control-plane.ts';
import { kindsServed } from '../../hack/lab/product.ts';
import { CONDITION, DEFAULTS, type Draft, KINDS, oldPeer, PEER, peer, RANGES, REFUSED, STATUSES, TAKEN } from './crd-rows.ts';

/** The definitions of config/crd and the objects of config/samples, before a real API server. */

const CONFIG = join(import.meta.dirname, '../../config');
const NAMESPACE = 'metallb-system';
/** The servers may have to be found or built first. */
const START_MILLISECONDS = 600_000;

let plane: ControlPlane;

beforeAll(async () => {
  plane = await ControlPlane.start();
  await plane.kubectl(['create', 'namespace', NAMESPACE]);
  // With this flag a warning of the server is a failure: what it finds odd in a definition, it says in a warning.
  await plane.kubectl(['apply', '--warnings-as-errors', '-f', join(CONFIG, 'crd')]);
  await kindsServed(plane);
}, START_MILLISECONDS);

afterAll(() => plane?.[Symbol.asyncDispose]());

function versionOf({ kind, version }: Draft): string {
  return version ?? (kind === 'BGPPeer' ? 'v1beta2' : 'v1beta1');
}

function collection(draft: Draft): string {
  return `/apis/metallb.io/${versionOf(draft)}/namespaces/${NAMESPACE}/${KINDS.find(({ kind }) => kind === draft.kind)?.plural}`;
}

function bodyOf(draft: Draft, name: string): ApiObject {
  return {
    apiVersion: `metallb.io/${versionOf(draft)}`,
    kind: draft.kind,
    metadata: { name, namespace: NAMESPACE },
    ...(draft.spec !== undefined && { spec: draft.spec }),
  };
}

/** What the server would store for `draft`. */
async function tryOut(draft: Draft): Promise<ApiObject> {
  if (draft.status === undefined) return await plane.api.post(`${collection(draft)}?dryRun=All`, bodyOf(draft, 'tried'));
  await using stored = await store(draft);
  return await plane.api.put(`${stored.path}/status?dryRun=All`, { ...stored.object, status: draft.status });
}

interface Stored extends AsyncDisposable {
  readonly path: string;
  readonly object: ApiObject;
}

/** An object of this draft, without its status, that is in the server until it is disposed of. */
async function store(draft: Draft): Promise<Stored> {
  const path = `${collection(draft)}/stored`;
  const object = await plane.api.post(collection(draft), bodyOf(draft, 'stored'));
  return { path, object, [Symbol.asyncDispose]: async () => void (await plane.api.delete(path)) };
}

describe('the definitions', () => {
  test.each(KINDS)('$plural is established, structural and named as before', async ({ kind, plural, versions = ['v1beta1'] }) => {
    const crd = JSON.parse(await plane.kubectl(['get', 'crd', `${plural}.metallb.io`, '-o', 'json']));
    const conditions = Object.fromEntries(crd.status.conditions.map((each: { type: string; status: string }) => [each.type, each.status]));
    expect(conditions).toEqual({ NamesAccepted: 'True', Established: 'True' });
    expect(crd.spec.names).toEqual({ kind, listKind: `${kind}List`, plural, singular: kind.toLowerCase() });
    expect(crd.spec).toMatchObject({ group: 'metallb.io', scope: 'Namespaced', conversion: { strategy: 'None' } });
    expect(crd.spec.versions).toMatchObject(versions.map((name) => ({ name, served: true, subresources: { status: {} } })));
    expect(crd.status.storedVersions).toEqual(versions.slice(-1));
  });

  test('are all there, and no other', () => {
    const files = readdirSync(join(CONFIG, 'crd')).filter((name) => name.endsWith('.yaml'));
    expect(files.sort()).toEqual(KINDS.map(({ plural }) => `${plural}.yaml`).sort());
  });

  test.each([['apply'], ['apply', '--server-side', '--force-conflicts']])(
    'are taken again without a warning by kubectl %s %s',
    async (...how) => {
      await plane.kubectl([...how, '--warnings-as-errors', '-k', join(CONFIG, 'crd')]);
    },
  );
});

describe('ranges', () => {
  test.each(RANGES)('$field keeps its range', async ({ field, least, greatest, draft }) => {
    const name = field.split(' ').at(-1) ?? '';
    for (const value of [least, greatest]) if (value !== undefined) await tryOut(draft(value));
    if (least !== undefined) await expect(tryOut(draft(least - 1))).rejects.toThrow(name);
    if (greatest !== undefined) await expect(tryOut(draft(greatest + 1))).rejects.toThrow(name);
  });
});

test.each(TAKEN)('$name is taken', async ({ draft }) => {
  const { kind, spec, status } = draft;
  expect(await tryOut(draft)).toMatchObject({ kind, ...(spec !== undefined && { spec }), ...(status !== undefined && { status }) });
});

test.each(REFUSED)('$name is refused', async ({ draft, says }) => {
  await expect(tryOut(draft)).rejects.toThrow(says);
});

test.each(DEFAULTS)('defaults of $name', async ({ draft, becomes }) => {
  expect((await tryOut(draft)).spec).toEqual(becomes);
});

describe('what cannot change', () => {
  test.each<{ from?: boolean; to?: boolean; taken: boolean }>([
    { from: true, to: false, taken: false },
    { from: false, to: true, taken: false },
    { from: true, to: true, taken: true },
    { to: true, taken: true },
    { from: true, taken: true },
  ])('graceful restart: %j', async ({ from, to, taken }) => {
    await using stored = await store(peer(from === undefined ? {} : { enableGracefulRestart: from }));
    const { spec } = peer(to === undefined ? {} : { enableGracefulRestart: to });
    const change = plane.api.put(stored.path, { ...stored.object, spec: spec as ApiObject });
    if (taken) await expect(change).resolves.toMatchObject({ spec });
    else await expect(change).rejects.toThrow('EnableGracefulRestart cannot be changed after creation');
  });

  test.each(
    ['ServiceL2Status', 'ServiceBGPStatus'].flatMap((kind) =>
      ['node', 'serviceName', 'serviceNamespace'].map((field) => ({ kind, field })),
    ),
  )('$field of a $kind, once it is there', async ({ kind, field }) => {
    await using stored = await store({ kind, spec: {} });
    await plane.api.patch(`${stored.path}/status`, { status: {} });
    const rest = kind === 'ServiceL2Status' ? { interfaces: [{ name: 'eth0' }] } : { peers: ['a'] };
    await plane.api.patch(`${stored.path}/status`, { status: { [field]: 'first', ...rest } });
    const change = plane.api.patch(`${stored.path}/status`, { status: { [field]: 'second' } });
    await expect(change).rejects.toThrow(`status.${field}: Invalid value: "second": Value is immutable`);
  });
});

describe('two versions of a peer', () => {
  test('kubectl prints the warning of the old one, and none of the new one', async () => {
    const apply = (draft: Draft) =>
      plane.kubectl(['apply', '--dry-run=server', '--warnings-as-errors', '-f', '-'], { stdin: JSON.stringify(bodyOf(draft, 'a')) });
    await expect(apply(oldPeer({}))).rejects.toThrow('Warning: v1beta1 is deprecated, please use v1beta2');
    await apply(peer({}));
  });

  test('one written in the old version is the same object in the new one, with its defaults', async () => {
    const selectors = { nodeSelectors: [{ matchExpressions: [{ key: 'a', operator: 'In', values: ['b'] }] }] };
    await using stored = await store(oldPeer({ ...selectors, holdTime: '30s' }));
    const { spec } = await plane.api.get(stored.path.replace('v1beta1', 'v1beta2'));
    expect(spec).toEqual({ ...PEER, ...selectors, holdTime: '30s', peerPort: 179, disableMP: false, dualStackAddressFamily: false });
  });

  test('one with what only the new version knows is read in the old one without it', async () => {
    await using stored = await store(peer({ vrf: 'red', bfdProfile: 'fast' }));
    const { spec } = await plane.api.get(stored.path.replace('v1beta2', 'v1beta1'));
    expect(spec).toEqual({ ...PEER, bfdProfile: 'fast', peerPort: 179 });
    expect((await plane.api.get(stored.path)).spec).toMatchObject({ vrf: 'red' });
  });

  test('port 0 of the old version does not stop later changes in the new one', async () => {
    await using stored = await store(oldPeer({ peerPort: 0 }));
    const changed = await plane.api.patch(stored.path.replace('v1beta1', 'v1beta2'), { spec: { bfdProfile: 'fast' } });
    expect(changed.spec).toMatchObject({ peerPort: 0, bfdProfile: 'fast' });
  });
});

describe('kubectl', () => {
  test.each([['-f'], ['-k']])(
    'takes the samples without a word by %s, first dry, then for good, and sees no difference behind it',
    async (how) => {
      const samples = [how, join(CONFIG, 'samples')];
      await plane.kubectl(['apply', '--warnings-as-errors', '--dry-run=server', ...samples]);
      await plane.kubectl(['apply', '--warnings-as-errors', ...samples]);
      expect(await plane.kubectl(['diff', ...samples])).toBe('');
    },
  );

  test.each(KINDS)('shows $plural with the columns of old', async ({ kind, plural, columns, wide = '', row }) => {
    const draft = STATUSES.find((each) => each.kind === kind);
    await using stored = draft && (await store(draft));
    if (stored) await plane.api.patch(`${stored.path}/status`, { status: draft?.status });
    const show = async (...how: readonly string[]): Promise<string[]> => {
      const table = await plane.kubectl(['get', plural, '-n', NAMESPACE, ...how]);
      return table.split('\n').map((line) => line.trim().split(/ {2,}/).join(', '));
    };
    expect((await show())[0]).toBe(columns);
    const [header, first] = await show('-o', 'wide');
    expect(header).toBe(columns + wide);
    // The age is the one cell that is never twice the same.
    expect(first?.replace(/, (?:\d+[dhms])+$/, '')).toBe(row);
  });

  test.each(KINDS.flatMap(({ plural, versions = ['v1beta1'] }) => versions.map((version) => ({ plural, version }))))(
    'explains $plural of $version',
    async ({ plural, version }) => {
      const told = await plane.kubectl(['explain', plural, '--recursive', '--api-version', `metallb.io/${version}`]);
      expect(told).toMatch(/^DESCRIPTION:\n\s+[A-Z]/m);
      expect(told).toMatch(/^ {2}status\t<Object>$/m);
    },
  );

  test('explains a field in its own words', async () => {
    const told = await plane.kubectl(['explain', 'bgppeers.spec.peerPort', '--api-version', 'metallb.io/v1beta2']);
    expect(told).toContain('TCP port of the peer.');
  });
});

test.each(['v1beta1', 'v1beta2'])('each field of %s has words of its own in the schema that is served', async (version) => {
  const { components } = (await plane.api.get(`/openapi/v3/apis/metallb.io/${version}`)) as {
    components: { schemas: Record<string, Served> };
  };
  const own = Object.entries(components.schemas).filter(
    ([name, { properties }]) => name.startsWith('io.metallb.') && properties?.items === undefined,
  );
  expect(own).toHaveLength(version === 'v1beta1' ? KINDS.length : 1);
  expect(own.flatMap(([name, schema]) => wordless(schema, name))).toEqual([]);
});

/** A schema as the server serves it. */
interface Served {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Served>>;
  readonly items?: Served;
}

/** The paths of the fields that have no description. */
function wordless(schema: Served, path: string): string[] {
  const nested = Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const here = `${path}.${name}`;
    return [...(field.description ? [] : [here]), ...wordless(field, here)];
  });
  return [...nested, ...(schema.items ? wordless(schema.items, `${path}[]`) : [])];
}

test('conditions of several writers stand side by side', async () => {
  await using stored = await store({ kind: 'ConfigurationState' });
  for (const type of ['controllerValid', 'speakerValid']) {
    const applied = { ...bodyOf({ kind: 'ConfigurationState' }, 'stored'), status: { conditions: [{ ...CONDITION, type }] } };
    const how = ['apply', '--server-side', '--subresource=status', '--field-manager', type, '-f', '-'];
    await plane.kubectl(how, { stdin: JSON.stringify(applied) });
  }
  const { status } = (await plane.api.get(stored.path)) as { status: { conditions: readonly { type: string }[] } };
  expect(status.conditions.map(({ type }) => type)).toEqual(['controllerValid', 'speakerValid']);
});

test('a reference to a Secret has one writer: a second one is told of the first', async () => {
  const apply = async (manager: string, passwordSecret: object): Promise<string> => {
    const how = ['apply', '--server-side', '--field-manager', manager, '-f', '-'];
    return await plane.kubectl(how, { stdin: JSON.stringify(bodyOf(peer({ passwordSecret }), 'shared')) });
  };
  await apply('first', { name: 'a' });
  await expect(apply('second', { namespace: 'b' })).rejects.toThrow('conflict with "first": .spec.passwordSecret');
});
