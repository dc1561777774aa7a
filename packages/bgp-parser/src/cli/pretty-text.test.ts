import { expect, test } from '@jest/globals';
import type { JsonObject } from '../json/json-value.ts';
import { prettyText } from './pretty-text.ts';

const FLAGS = { optional: true, transitive: true, partial: true, extendedLength: true };

function attribute(code: number, name: string, value: JsonObject[string]): JsonObject {
  return { code, name, flags: FLAGS, value };
}

test.each<{ what: string; message: JsonObject; text: string }>([
  { what: 'nothing', message: { type: 'keepalive', faults: [] }, text: 'KEEPALIVE' },
  {
    what: 'what could not be read',
    message: { faults: [{ treatment: 'session-reset', offset: 16, reason: 'message length is 1', code: 1, subcode: 2, data: '0001' }] },
    text: 'UNREADABLE\n  fault: session-reset: at octet 16: message length is 1',
  },
  {
    what: 'routes with and without identifiers',
    message: { type: 'update', withdrawn: [{ prefix: '10.0.0.0/8' }, { prefix: '10.0.0.0/8', pathId: 7 }], attributes: [], nlri: [] },
    text: 'UPDATE\n  withdrawn: 10.0.0.0/8, 10.0.0.0/8 path 7',
  },
  {
    what: 'a path with all kinds of segments',
    message: {
      type: 'update',
      attributes: [
        attribute(2, 'as-path', [
          { type: 'confed-sequence', asns: [1, 2] },
          { type: 'confed-set', asns: [3] },
          { type: 'sequence', asns: [4, 5] },
          { type: 'set', asns: [6, 7] },
        ]),
      ],
    },
    text: 'UPDATE\n  as-path (optional transitive partial): (1 2) [3] 4 5 {6 7}',
  },
  {
    what: 'attributes that say nothing more, and unknown ones',
    message: { type: 'update', attributes: [attribute(6, 'atomic-aggregate', true), attribute(200, 'unknown', 'dead')] },
    text: 'UPDATE\n  atomic-aggregate (optional transitive partial)\n  attribute 200 (optional transitive partial): dead',
  },
  {
    what: 'extended communities by their meaning, or as they are',
    message: {
      type: 'update',
      attributes: [
        attribute(16, 'extended-communities', [
          { type: 0, subtype: 2, value: '', kind: 'two-octet-as', name: 'route-target', transitive: true, asn: 1, localAdministrator: 2 },
          { type: 65, subtype: 9, value: '', kind: 'ipv4-address', transitive: false, address: '10.0.0.1', localAdministrator: 3 },
          { type: 64, subtype: 4, value: '', kind: 'link-bandwidth', transitive: false, asn: 1, bytesPerSecond: 125 },
          { type: 67, subtype: 0, value: '00ff' },
        ]),
      ],
    },
    text:
      'UPDATE\n  extended-communities (optional transitive partial): route-target 1:2, ipv4-address 10.0.0.1:3 not transitive, ' +
      'link-bandwidth 1 125 bytes per second not transitive, type 67 subtype 0 value 00ff',
  },
  {
    what: 'capabilities, each on its line',
    message: {
      type: 'open',
      asn: 1,
      capabilities: [
        { code: 128, name: 'unknown', value: '' },
        { code: 2, name: 'route-refresh' },
        { code: 69, name: 'add-path', families: [{ afi: 1, safi: 1, mode: 'both' }] },
      ],
    },
    text: 'OPEN\n  asn: 1\n  capability 128\n  capability route-refresh\n  capability add-path: families (afi 1 safi 1 mode both)',
  },
])('$what', ({ message, text }) => expect(prettyText(message)).toBe(text));
