import type { Json, JsonObject } from '../../../packages/bgp-parser/src/bgp-parser.ts';
import { attributeOf } from './dissected-attribute.ts';
import { capabilitiesOf } from './dissected-capability.ts';
import { numberAt, octetsOf, partsOf, routesOf, textAt } from './dissected-part.ts';
import type { Layer } from './tshark.ts';

const HEADER_OCTETS = 19;

/** What tshark says of one message, in the words of the codec's JSON, as far as it says it. */
export function messageOf(layer: Layer, bytes: Buffer): JsonObject {
  switch (textAt(layer, 'bgp.type')) {
    case '1':
      return openOf(layer);
    case '2':
      return updateOf(layer);
    case '3':
      return notificationOf(layer, bytes);
    case '4':
      return { type: 'keepalive' };
    default:
      return routeRefreshOf(layer, bytes);
  }
}

function openOf(layer: Layer): JsonObject {
  return {
    type: 'open',
    version: numberAt(layer, 'bgp.open.version'),
    asn: numberAt(layer, 'bgp.open.myas'),
    holdTime: numberAt(layer, 'bgp.open.holdtime'),
    routerId: textAt(layer, 'bgp.open.identifier'),
    capabilities: partsOf(layer, 'bgp.open.opt').flatMap((options) => partsOf(options, 'bgp.open.opt.param').flatMap(capabilitiesOf)),
  };
}

function updateOf(layer: Layer): JsonObject {
  const attributes = partsOf(layer, 'bgp.update.path_attributes').flatMap((part): readonly Json[] => {
    const octets = octetsOf(part, 'bgp.update.path_attribute');
    return partsOf(part, 'bgp.update.path_attribute').map((one, index) => attributeOf(one, octets[index] ?? ''));
  });
  return {
    type: 'update',
    withdrawn: routesOf(layer, 'bgp.update.withdrawn_routes'),
    attributes,
    nlri: routesOf(layer, 'bgp.update.nlri'),
  };
}

/** Subcodes have a field for each code. */
function notificationOf(layer: Layer, bytes: Buffer): JsonObject {
  const subcode = Object.keys(layer).find((name) => /^bgp\.notify\.minor_error[a-z_]*$/.test(name) && !name.endsWith('_raw')) ?? '';
  return {
    type: 'notification',
    code: numberAt(layer, 'bgp.notify.major_error'),
    subcode: numberAt(layer, subcode),
    data: bytes.subarray(HEADER_OCTETS + 2).toString('hex'),
    ...('bgp.notify.communication' in layer ? { text: textAt(layer, 'bgp.notify.communication') } : {}),
  };
}

/** Subtypes of RFC 7313, Section 3.2. */
const REFRESH_SUBTYPES = ['request', 'begin', 'end'];

function routeRefreshOf(layer: Layer, bytes: Buffer): JsonObject {
  return {
    type: 'route-refresh',
    afi: numberAt(layer, 'bgp.route_refresh.afi'),
    safi: numberAt(layer, 'bgp.route_refresh.safi'),
    subtype: REFRESH_SUBTYPES[numberAt(layer, 'bgp.route_refresh.subtype')] ?? 'another',
    data: bytes.subarray(HEADER_OCTETS + 4).toString('hex'),
  };
}
