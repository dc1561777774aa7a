import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { parseAllDocuments } from 'yaml';
import { type JsonObject, listOf, objectOf, textsOf } from '../lib/json.ts';
import { RIGHTS, resourceOf } from './rights.ts';

const RBAC = join(import.meta.dirname, '../../config/rbac');

/** Rules of the manifests that are not for some names only; those of a Role are for the namespace. */
function rules(process: string): readonly { readonly namespaced: boolean; readonly rule: JsonObject }[] {
  const documents = parseAllDocuments(readFileSync(join(RBAC, `${process}.yaml`), 'utf8')) as { toJS(): unknown }[];
  return documents
    .map((document) => objectOf(document.toJS()))
    .flatMap(({ kind, rules: own }) => listOf(own).map((rule) => ({ namespaced: kind === 'Role', rule: objectOf(rule) })))
    .filter(({ rule }) => rule.resourceNames === undefined);
}

test.each(RIGHTS)('the manifests give the $process $verb on $resource', ({ process, verb, group, resource, namespaced }) => {
  const fits = rules(process).filter(
    ({ namespaced: own, rule }) =>
      own === namespaced &&
      textsOf(rule.apiGroups).includes(group) &&
      textsOf(rule.resources).includes(resource) &&
      textsOf(rule.verbs).includes(verb),
  );
  expect(fits.length).toBeGreaterThan(0);
});

test('a right is asked for where it is needed', () => {
  const [services, pools] = [RIGHTS[0], RIGHTS.find(({ resource }) => resource === 'ipaddresspools')];
  expect(services && resourceOf(services, 'lb')).toEqual({ group: '', version: 'v1', plural: 'services' });
  expect(pools && resourceOf(pools, 'lb')).toEqual({ group: 'metallb.io', version: 'v1', plural: 'ipaddresspools', namespace: 'lb' });
});
