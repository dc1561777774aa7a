import { expect, test } from '@jest/globals';
import { ServiceOfObject } from './service-of-object.ts';

test.each<{ history: [string, string | undefined][]; told: readonly string[][] }>([
  { history: [['a', 'x/web']], told: [['x/web']] },
  {
    history: [
      ['a', 'x/web'],
      ['a', 'x/web'],
      ['a', undefined],
      ['a', undefined],
    ],
    told: [['x/web'], ['x/web'], ['x/web'], []],
  },
  {
    history: [
      ['a', 'x/web'],
      ['b', 'x/db'],
      ['a', 'x/db'],
      ['b', undefined],
    ],
    told: [['x/web'], ['x/db'], ['x/web', 'x/db'], ['x/db']],
  },
])('$history tells $told', ({ history, told }) => {
  const services = new ServiceOfObject();
  expect(history.map(([key, service]) => services.changed(key, service === undefined ? undefined : { service }))).toEqual(told);
});
