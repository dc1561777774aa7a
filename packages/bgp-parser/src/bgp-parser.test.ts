import { expect, test } from '@jest/globals';
import * as face from './bgp-parser.ts';

test('the public face is what it is: what is added or taken away here is a change for everybody', () => {
  expect(new Set(Object.keys(face))).toEqual(
    new Set([
      ...[
        'WELL_KNOWN_COMMUNITY',
        'decodedToJson',
        'errorName',
        'errorSubcodeName',
        'formatCommunity',
        'formatLargeCommunity',
        'linkBandwidth',
      ],
      ...['meaningOf', 'messageFromJson', 'messageToJson', 'packUpdates', 'parseCommunity', 'parseLargeCommunity'],
      ...[
        'AFI_IPV4',
        'AFI_IPV6',
        'AS_TRANS',
        'BGP_VERSION',
        'CEASE',
        'ERROR_CODE',
        'EncodeError',
        'Framer',
        'HEADER_ERROR',
        'INITIAL_CONTEXT',
      ],
      ...['IPV4_UNICAST', 'IPV6_UNICAST', 'MAXIMUM_EXTENDED_LENGTH', 'MAXIMUM_LENGTH', 'OPEN_ERROR', 'ROUTE_REFRESH_ERROR', 'SAFI_UNICAST'],
      ...['UPDATE_ERROR', 'asnOf', 'capabilitiesOf', 'ceaseWithText', 'decodeMessage', 'encodeMessage', 'endOfRib', 'endOfRibOf'],
      ...['findAttribute', 'formatAddress', 'formatIpv4', 'formatPrefix', 'hardReset', 'hardResetReason', 'includesFamily', 'isUnicast'],
      ...[
        'negotiate',
        'parseAddress',
        'parsePrefix',
        'pathAttribute',
        'prettyText',
        'sameFamily',
        'sessionReset',
        'shutdownText',
        'strongestTreatment',
      ],
    ]),
  );
});
