import { expect, test } from '@jest/globals';
import { parseCommunity } from './community.ts';

const AS4 = 4_200_000_000;

test.each([
  { text: '65535:65281', becomes: { kind: 'standard', value: 0xffff_ff01 } },
  { text: 'large:1:2:3', becomes: { kind: 'large', globalAdministrator: 1, localData1: 2, localData2: 3 } },
  { text: 'extended:rt:64512:100', becomes: { kind: 'extended', type: 0, subtype: 2, value: 0xfc_00_00_00_00_64 } },
  { text: 'extended:soo:64512:4294967295', becomes: { kind: 'extended', type: 0, subtype: 3, value: 0xfc_00_ff_ff_ff_ff } },
  { text: 'extended:rt:192.0.2.1:7', becomes: { kind: 'extended', type: 1, subtype: 2, value: 0xc0_00_02_01_00_07 } },
  { text: `extended:rt:${AS4}:65535`, becomes: { kind: 'extended', type: 2, subtype: 2, value: AS4 * 0x1_0000 + 0xffff } },
])('$text', ({ text, becomes }) => {
  expect(parseCommunity(text)).toEqual({ ok: true, value: becomes });
});

test.each([
  { text: 'extended:color:1:2', fault: 'section "color" of community "extended:color:1:2", err: must be rt or soo' },
  { text: 'extended:rt:x:2', fault: 'section "x" of community "extended:rt:x:2", err: invalid syntax' },
  { text: 'extended:rt:4294967296:2', fault: 'section "4294967296" of community "extended:rt:4294967296:2", err: value out of range' },
  { text: 'extended:rt:4200000000:65536', fault: 'section "65536" of community "extended:rt:4200000000:65536", err: value out of range' },
  { text: 'extended:rt:192.0.2.1:65536', fault: 'section "65536" of community "extended:rt:192.0.2.1:65536", err: value out of range' },
  { text: 'extended:rt:1:4294967296', fault: 'section "4294967296" of community "extended:rt:1:4294967296", err: value out of range' },
  {
    text: 'huge:1:2:3',
    fault: 'marker for large community, expected community to be of format large:<uint32>:<uint32>:<uint32> but got "huge:1:2:3" instead',
  },
])('$text is refused: $fault', ({ text, fault }) => {
  expect(parseCommunity(text)).toEqual({ ok: false, error: { kind: 'value', text: `invalid community value: invalid ${fault}` } });
});

test.each(['named', '1:2:3', 'extended:rt:1', 'a:b:c:d:e'])('%s may be a name', (text) => {
  expect(parseCommunity(text)).toEqual({ ok: false, error: { kind: 'format', text: `invalid community format: ${text}` } });
});
