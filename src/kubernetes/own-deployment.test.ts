import { expect, test } from '@jest/globals';
import type { Api } from './api.ts';
import { ApiError } from './api-error.ts';
import { OwnDeployment } from './own-deployment.ts';

const OWNER = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'controller', uid: 'u-1' };

/** An API server that answers each request with the next of these, the last one again and again; counts what it is asked. */
class Answers {
  asked: number = 0;
  readonly #answers: readonly (object | Error)[];

  constructor(...answers: readonly (object | Error)[]) {
    this.#answers = answers;
  }

  get api(): Api {
    const request = async (): Promise<unknown> => {
      const answer = this.#answers[Math.min(this.asked++, this.#answers.length - 1)];
      if (answer instanceof Error) throw answer;
      return answer;
    };
    return { request } as unknown as Api;
  }
}

function refusal(status: number): ApiError {
  return new ApiError('refused', { status, reason: '' });
}

test.each<{ what: string; answers: Answers; name?: string; first: unknown; second: unknown; asked: number }>([
  { what: 'one that is there', answers: new Answers({ metadata: { uid: 'u-1' } }), first: [OWNER], second: [OWNER], asked: 1 },
  { what: 'none that was named', answers: new Answers({}), name: '', first: [], second: [], asked: 0 },
  { what: 'one that is not there', answers: new Answers(refusal(404)), first: [], second: [], asked: 1 },
  { what: 'one that may not be read', answers: new Answers(refusal(403)), first: [], second: [], asked: 1 },
  {
    what: 'a server that fails once',
    answers: new Answers(refusal(500), { metadata: { uid: 'u-1' } }),
    first: [],
    second: [OWNER],
    asked: 2,
  },
])('of $what', async ({ answers, name = 'controller', first, second, asked }) => {
  const deployment = new OwnDeployment({ api: answers.api, namespace: 'metallb-system', name });
  const { signal } = new AbortController();
  expect(await deployment.references(signal)).toEqual(first);
  expect(await deployment.references(signal)).toEqual(second);
  expect(answers.asked).toBe(asked);
});
