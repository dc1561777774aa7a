import { type IpAddress, parseAddress } from '../lib/ip.ts';
import { err, ok, type Result } from '../lib/result.ts';
import { type FamilySet, familiesOf } from './ip-families.ts';
import { ANNOTATION_PREFIX, annotationOf, type ServiceFacts } from './service.ts';

/** The addresses that a Service asks for, in the order it names them: one, or two of different families. */
export interface RequestedAddresses {
  readonly addresses: readonly IpAddress[];
  readonly families: FamilySet;
}

const ANNOTATION = `${ANNOTATION_PREFIX}loadBalancerIPs`;

/**
 * The addresses that a Service asks for by annotation or by `spec.loadBalancerIP`, or `undefined` when it asks for
 * none. Refuses both at once, what is no address, and more than one address of a family, with upstream's texts.
 */
export function requestedAddresses(facts: ServiceFacts): Result<RequestedAddresses | undefined, string> {
  const list = annotationOf(facts, 'loadBalancerIPs');
  if (list === '' && facts.loadBalancerIP === '') return ok(undefined);
  if (list !== '' && facts.loadBalancerIP !== '') return err(`service can not have both ${ANNOTATION} and svc.Spec.LoadBalancerIP`);
  return list === '' ? fromSpec(facts.loadBalancerIP) : fromAnnotation(list);
}

function fromSpec(text: string): Result<RequestedAddresses, string> {
  const address = parseAddress(text);
  return address === undefined ? err(`invalid spec.loadBalancerIP "${text}"`) : ok({ addresses: [address], families: address.family });
}

function fromAnnotation(list: string): Result<RequestedAddresses, string> {
  const addresses: IpAddress[] = [];
  for (const text of list.split(',')) {
    const address = parseAddress(text.trim());
    if (address === undefined) return err(`invalid ${ANNOTATION}: "${list}"`);
    addresses.push(address);
  }
  const families = familiesOf(addresses);
  return families.ok ? ok({ addresses, families: families.value }) : families;
}
