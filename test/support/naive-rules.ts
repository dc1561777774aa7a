import type { AddressTexts } from './naive-addresses.ts';
import { familyOf, givenOut } from './naive-addresses.ts';
import {
  asked,
  conflict,
  familiesOf,
  mayShare,
  type NaiveService,
  type NaiveWorld,
  naiveChoice,
  nameOf,
  requestOf,
  sameTexts,
  statedBy,
  takes,
} from './naive-allocation.ts';

const RECORD = 'metallb.io/ip-allocated-from-pool';
const CONDITION = 'metallb.io/AddressAllocated';

/** Pairs of Services whose statuses name one address that they may not share. */
export function doubled({ services }: NaiveWorld): string[] {
  return services.flatMap((left, index) =>
    services
      .slice(index + 1)
      .filter((right) => statedBy(left).some((text) => statedBy(right).includes(text)) && !mayShare(left, right))
      .map((right) => `${nameOf(left)} and ${nameOf(right)}: ${statedBy(left).join(' ')}`),
  );
}

/** What is wrong when every Service had its turn and nothing is under way: nothing, if all is as the rules say. */
export function faultsAtRest(world: NaiveWorld): string[] {
  return [...doubled(world), ...told(world, addressFaults)];
}

/**
 * What is wrong with the conditions when every Service was looked at again. Before that one may give a reason that holds
 * while another one, which came later, is the first to be found: what is taken by others wakes nobody who waits.
 */
export function conditionFaultsAtRest(world: NaiveWorld): string[] {
  return told(world, conditionFaults);
}

function told(world: NaiveWorld, faultsOf: (world: NaiveWorld, service: NaiveService) => string[]): string[] {
  return world.services.flatMap((service) =>
    faultsOf(world, service).map((fault) => `${nameOf(service)} [${statedBy(service).join(' ')}]: ${fault}`),
  );
}

function addressFaults(world: NaiveWorld, service: NaiveService): string[] {
  const stated = statedBy(service);
  const record = service.metadata.annotations?.[RECORD];
  if (service.spec.loadBalancerClass !== undefined) return [];
  if (service.spec.type !== 'LoadBalancer') return stated.length > 0 || record !== undefined ? ['is no load balancer'] : [];
  const modes = service.status.loadBalancer?.ingress ?? [];
  if (modes.some(({ ipMode }) => ipMode !== 'VIP')) return ['has another mode than VIP'];
  if (stated.length > 0) return isFrozen(world, service) ? [] : holdingFaults(world, service, stated);
  const choice = naiveChoice(world, service);
  return [
    ...('addresses' in choice ? [`could have ${choice.addresses.join(' ')}`] : []),
    ...(record === undefined ? [] : ['has a record']),
  ];
}

/** Whether the addresses of a Service are, or may be, of a pool that is not to be used. */
export function isFrozen({ frozen, pools }: NaiveWorld, service: NaiveService): boolean {
  const record = service.metadata.annotations?.[RECORD];
  if (record !== undefined) return frozen.has(record);
  const owned = (text: string): boolean => [...pools.values()].some((pool) => givenOut(pool).includes(text));
  return frozen.size > 0 && statedBy(service).some((text) => !owned(text));
}

function holdingFaults(world: NaiveWorld, service: NaiveService, stated: AddressTexts): string[] {
  const pool = poolOf(world, stated);
  const name = pool?.metadata.name;
  if (pool === undefined) return ['not all of one pool'];
  const wanted = asked(service, 'address-pool');
  const request = requestOf(service);
  const other = otherFamilyOf(world, service, stated);
  return [
    ...(service.metadata.annotations?.[RECORD] === name ? [] : [`not recorded as of ${name}`]),
    ...(takes(world, pool, service) ? [] : [`${name} does not take it`]),
    ...(wanted === '' || wanted === name ? [] : [`asked for pool ${wanted}`]),
    ...(familiesFit(service, stated) ? [] : ['has the wrong families']),
    ...(request === undefined || request === 'nonsense' || sameTexts(request, stated) ? [] : [`asked for ${request.join(' ')}`]),
    ...(other === undefined ? [] : [`could have ${other} too`]),
  ];
}

function poolOf({ pools }: NaiveWorld, stated: AddressTexts): ReturnType<NaiveWorld['pools']['get']> {
  return [...pools.values()].find((pool) => stated.every((text) => givenOut(pool).includes(text)));
}

function familiesFit(service: NaiveService, stated: AddressTexts): boolean {
  const [has, wants] = [stated.map(familyOf), familiesOf(service)];
  const oneOfBoth = wants.length === 2 && has.length === 1 && service.spec.ipFamilyPolicy === 'PreferDualStack';
  return hasEnoughFamilies(service) && (oneOfBoth || sameTexts(has, wants));
}

function hasEnoughFamilies(service: NaiveService): boolean {
  return service.spec.ipFamilyPolicy !== 'RequireDualStack' || familiesOf(service).length === 2;
}

/** The address that is missing beside the only one of a Service that wants two and could have both. */
function otherFamilyOf(world: NaiveWorld, service: NaiveService, stated: AddressTexts): string | undefined {
  const [only = ''] = stated;
  const wantsBoth = familiesOf(service).length === 2 && service.spec.ipFamilyPolicy === 'PreferDualStack';
  const pool = poolOf(world, stated);
  if (pool === undefined || stated.length !== 1 || !wantsBoth || requestOf(service) !== undefined) return undefined;
  return givenOut(pool).find((text) => familyOf(text) !== familyOf(only) && conflict(world, service, text) === undefined);
}

function conditionFaults(world: NaiveWorld, service: NaiveService): string[] {
  const condition = service.status.conditions?.find(({ type }) => type === CONDITION);
  if (service.spec.loadBalancerClass !== undefined) return [];
  if (service.spec.type !== 'LoadBalancer') return condition === undefined ? [] : ['has a condition of ours'];
  if (condition === undefined) return ['has no condition'];
  const { status, reason, message } = condition;
  const stated = statedBy(service);
  if (stated.length === 0) {
    const choice = naiveChoice(world, service);
    const wanted = 'reason' in choice ? `False ${choice.reason}` : 'True';
    return wanted === `${status} ${reason}` ? [] : [`says ${status} ${reason} and not ${wanted}`];
  }
  const names = stated.every((text) => String(message).includes(text));
  const frozen = isFrozen(world, service) === String(message).includes('Left as it is');
  return `${status} ${reason}` === 'True Allocated' && (names || isFrozen(world, service)) && frozen
    ? []
    : [`says ${status} ${reason}: ${message}`];
}

/** Whether a Service may go on having what it had, whatever others now want: nothing that concerns it has changed. */
export function mayKeep(world: NaiveWorld, service: NaiveService, had: AddressTexts): boolean {
  if (service.spec.type !== 'LoadBalancer' || !hasEnoughFamilies(service)) return false;
  if (isFrozen(world, service)) return true;
  const ingress = had.map((ip) => ({ ip, ipMode: 'VIP' }));
  const as = { ...service, status: { ...service.status, loadBalancer: { ingress } } };
  const name = poolOf(world, had)?.metadata.name ?? '';
  const recorded = { ...as, metadata: { ...as.metadata, annotations: { ...as.metadata.annotations, [RECORD]: name } } };
  return holdingFaults(world, recorded, had).every((fault) => fault.startsWith('could have'));
}
