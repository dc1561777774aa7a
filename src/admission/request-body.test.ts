import { PassThrough } from 'node:stream';
import { expect, test } from '@jest/globals';
import { settle } from '../../test/support/fake-clock.ts';
import { BodyReader, LONGEST_BODY_BYTES } from './request-body.ts';

test('a body in pieces, cut within a character', async () => {
  const stream = new PassThrough();
  const read = new BodyReader().read(stream);
  const bytes = Buffer.from('{"a":"ü"}');
  stream.write(bytes.subarray(0, 7));
  stream.end(bytes.subarray(7));
  expect(await read).toEqual({ text: '{"a":"ü"}' });
});

test('the longest body is read, one byte more is not', async () => {
  const reader = new BodyReader();
  const ask = (length: number) => reader.read(new PassThrough().end(Buffer.alloc(length, 0x20)));
  expect(await ask(LONGEST_BODY_BYTES)).toMatchObject({ text: expect.stringMatching(/^ +$/) });
  expect(await ask(LONGEST_BODY_BYTES + 1)).toEqual({ fault: 'too long' });
});

test('a connection that breaks', async () => {
  const stream = new PassThrough();
  const read = new BodyReader().read(stream);
  stream.write('{');
  stream.destroy(new Error('reset'));
  expect(await read).toEqual({ fault: 'broken off' });
});

test('many at once have one bound, and what is done with gives its room back', async () => {
  const reader = new BodyReader();
  const streams = Array.from({ length: 5 }, () => new PassThrough());
  const reads = streams.map((stream) => reader.read(stream));
  for (const stream of streams) stream.write(Buffer.alloc(LONGEST_BODY_BYTES - 1));
  await settle();
  expect(await reads[4]).toEqual({ fault: 'busy' });
  for (const stream of streams.slice(0, 4)) stream.end();
  for (const read of reads.slice(0, 4)) expect(await read).toHaveProperty('text');
  expect(await reader.read(new PassThrough().end('{}'))).toEqual({ text: '{}' });
});
