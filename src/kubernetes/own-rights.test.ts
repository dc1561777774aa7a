import { expect, test } from '@jest/globals';
import { type Answer, ApiPair } from '../../test/support/api-pair.ts';
import { checkOwnRights } from './own-rights.ts';
import { RIGHTS, type Right } from './rights.ts';

const PROCESS = 'controller';
const OWN: readonly Right[] = RIGHTS.filter(({ process }) => process === PROCESS);

const ruleOf = ({ verb, group, resource }: Right): object => ({ verbs: [verb], apiGroups: [group], resources: [resource] });
const all = (rights: readonly Right[]): readonly object[] => rights.map(ruleOf);
const everywhere = OWN.filter(({ namespaced }) => !namespaced);

/** Tells these rules of the namespace `lb`, and those of all others. */
function telling(within: readonly object[], elsewhere: readonly object[], incomplete: boolean = false): Answer {
  return (request, response) => {
    let text = '';
    request.on('data', (piece) => {
      text += piece;
    });
    request.on('end', () => {
      const { spec } = JSON.parse(text) as { readonly spec: { readonly namespace: string } };
      response.end(JSON.stringify({ status: { incomplete, resourceRules: spec.namespace === 'lb' ? within : elsewhere } }));
    });
  };
}

async function said(answer: Answer): Promise<readonly string[]> {
  await using pair = await ApiPair.open(answer);
  await checkOwnRights({ api: pair.client, log: pair.log }, { process: PROCESS, namespace: 'lb' }, new AbortController().signal);
  return pair.log.messages('error');
}

test('who has all it needs says nothing', async () => {
  expect(await said(telling(all(OWN), all(everywhere)))).toEqual([]);
});

test('rights by wildcards are rights', async () => {
  const star = [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }];
  expect(await said(telling(star, star))).toEqual([]);
  const parts = [
    ...all(OWN.filter(({ resource }) => !resource.includes('/'))),
    { verbs: ['*'], apiGroups: ['*'], resources: ['*/status'] },
  ];
  expect(await said(telling(parts, parts))).toEqual([]);
});

test('what is missing is named in one line', async () => {
  const lacks = ({ resource, verb }: Right): boolean => resource === 'services/status' || (resource === 'bgppeers' && verb === 'watch');
  const rest = (rights: readonly Right[]): readonly object[] => all(rights.filter((right) => !lacks(right)));
  expect(await said(telling(rest(OWN), rest(everywhere)))).toEqual([
    'permissions are missing: patch services/status in all namespaces; watch bgppeers.metallb.io in namespace lb; ' +
      'apply config/rbac, or correct the rights of this service account',
  ]);
});

test('a right in the own namespace alone, or for one name, is none for all', async () => {
  const [named] = all(OWN.filter(({ resource, verb }) => resource === 'nodes' && verb === 'list'));
  const rest = everywhere.filter(({ resource, verb }) => !(resource === 'nodes' && verb === 'list'));
  const answer = telling(all(OWN), [...all(rest), { ...named, resourceNames: ['node-1'] }]);
  expect(await said(answer)).toEqual([expect.stringMatching(/^permissions are missing: list nodes in all namespaces; /)]);
});

test('a server that does not tell everything, or nothing, is not spoken for', async () => {
  expect(await said(telling([], [], true))).toEqual([]);
  expect(await said((_request, response) => response.writeHead(403).end('{}'))).toEqual([]);
});
