import { describe, expect, test } from '@jest/globals';
import { milliseconds } from '../../../lib/clock.ts';
import { Rumors } from './rumors.ts';

const at = (seconds: number): ReturnType<typeof milliseconds> => milliseconds(seconds * 1_000);

describe('a rumor', () => {
  test('lasts, whoever stops telling it, until the node is heard', () => {
    const rumors = new Rumors();
    rumors.hear(['x', 'y'], at(0));
    rumors.hear([], at(100));
    expect([...rumors.names()]).toEqual(['x', 'y']);
    rumors.forget('x');
    expect([...rumors.names()]).toEqual(['y']);
  });

  test('that somebody denies is not believed again for a while', () => {
    const rumors = new Rumors();
    rumors.hear(['x'], at(0));
    rumors.dispel('x', at(1));
    rumors.hear(['x'], at(30));
    expect([...rumors.names()]).toEqual([]);
    rumors.hear(['x'], at(31));
    expect([...rumors.names()]).toEqual(['x']);
  });

  test('is old after ten minutes, whoever still tells it, and what is retired is no news until nobody has told it for as long', () => {
    const rumors = new Rumors();
    for (let minute = 0; minute < 10; minute++) rumors.hear(['x'], at(60 * minute));
    expect([rumors.old(at(599)), rumors.old(at(600))]).toEqual([[], ['x']]);
    rumors.retire('x', at(600));
    for (let minute = 10; minute < 30; minute++) rumors.hear(['x'], at(60 * minute));
    expect([...rumors.names()]).toEqual([]);
    rumors.hear(['x'], at(29 * 60 + 600));
    expect([...rumors.names()]).toEqual(['x']);
  });

  test('that was retired is one again when somebody has heard its node meanwhile, or this node has', () => {
    const rumors = new Rumors();
    for (const name of ['x', 'y', 'z']) rumors.retire(name, at(0));
    rumors.dispel('x', at(1));
    expect([rumors.forget('y'), rumors.forget('y')]).toEqual([true, false]);
    rumors.hear(['x', 'y', 'z'], at(2));
    expect([...rumors.names()]).toEqual(['x', 'y']);
  });

  test('is asked about every ten seconds, some at a time, each in its turn', () => {
    const rumors = new Rumors();
    rumors.hear(
      Array.from({ length: 20 }, (_, index) => `node-${index}`),
      at(0),
    );
    const [first, none, second] = [rumors.questions(at(1)), rumors.questions(at(10)), rumors.questions(at(11))];
    expect([first.length, none.length, second.length]).toEqual([16, 0, 16]);
    expect(new Set([...first, ...second]).size).toBe(20);
  });

  test('nobody asks when nothing is told, and no more is told than there can be', () => {
    const rumors = new Rumors();
    expect(rumors.questions(at(1))).toEqual([]);
    rumors.hear(
      Array.from({ length: 2_000 }, (_, index) => `node-${index}`),
      at(0),
    );
    expect([...rumors.names()]).toHaveLength(1_024);
  });
});
