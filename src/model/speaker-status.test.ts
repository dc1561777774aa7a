import { expect, test } from '@jest/globals';
import { parseSpeakerStatus } from './speaker-status.ts';

test.each([
  { text: '{"form":1,"sessions":[],"services":[{', error: 'what the speaker tells is cut off, or is no JSON' },
  { text: 'null', error: 'the speaker is of another version: its status has another shape' },
  { text: '{"form":2,"sessions":[],"services":[]}', error: 'the speaker is of another version: its status has another shape' },
  { text: '{"form":1,"sessions":{},"services":[]}', error: 'what the speaker tells lacks its sessions or Services' },
])('$text is refused', ({ text, error }) => expect(parseSpeakerStatus(text)).toEqual({ ok: false, error }));

test('a status is taken as it is', () => {
  const status = { form: 1, node: 'node-1', sessions: [], services: [] };
  expect(parseSpeakerStatus(JSON.stringify(status))).toEqual({ ok: true, value: status });
});
