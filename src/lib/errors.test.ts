import { describe, expect, test } from '@jest/globals';
import { describeError, MetalError } from './errors.ts';

class Refused extends MetalError {
  readonly code = 'REFUSED';
  readonly retryable = true;
}

describe('describeError', () => {
  const cause = new Error('connect ECONNREFUSED 127.0.0.1:6443\n    at somewhere');
  test.each<{ thrown: unknown; text: string }>([
    {
      thrown: new Refused('API server does not answer', { cause }),
      text: 'API server does not answer: connect ECONNREFUSED 127.0.0.1:6443',
    },
    { thrown: new Refused('no answer: timed out', { cause: new Error('timed out') }), text: 'no answer: timed out' },
    { thrown: new AggregateError([new Error('a'), new Error('b')]), text: 'a; b' },
    { thrown: new AggregateError([new Error('a')], 'both failed'), text: 'both failed' },
    { thrown: 'a text', text: 'a text' },
    { thrown: undefined, text: '' },
    { thrown: null, text: 'null' },
  ])('$text', ({ thrown, text }) => {
    expect(describeError(thrown)).toBe(text);
  });

  test('ends although the causes go round in a circle', () => {
    const first = new Error('first');
    first.cause = new Error('second', { cause: first });
    expect(describeError(first)).toBe('first: second');
  });
});

test('an error carries the name of its class, its code and its cause', () => {
  const cause = new Error('below');
  expect(new Refused('above', { cause })).toMatchObject({ name: 'Refused', code: 'REFUSED', retryable: true, message: 'above', cause });
});
