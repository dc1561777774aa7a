import { get } from 'node:http';

/** A process of this node answers in a millisecond; one that does not has to be asked again anyway. */
const DEADLINE_MILLISECONDS = 1_000;

/** Whether a server answers this question with the status 200, within a second; no answer is a no. Rejects never. */
export function answersWell(url: string, signal: AbortSignal): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const request = get(url, { signal, timeout: DEADLINE_MILLISECONDS, agent: false }, (response) => {
    response.resume();
    resolve(response.statusCode === 200);
  });
  request.on('timeout', () => void request.destroy(new Error('no answer in time')));
  request.on('error', () => resolve(false));
  return promise;
}
