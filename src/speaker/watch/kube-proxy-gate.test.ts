import { expect, test } from '@jest/globals';
import { FakeClock, settle } from '../../../test/support/fake-clock.ts';
import { RecordingLogger } from '../../../test/support/recording-logger.ts';
import { milliseconds } from '../../lib/clock.ts';
import { KubeProxyGate, type KubeProxyGatePorts } from './kube-proxy-gate.ts';

const ADDRESS = '127.0.0.1:10256';

/** A node whose kube-proxy is well after so many milliseconds. */
class Scene {
  readonly clock = new FakeClock();
  readonly log = new RecordingLogger();
  readonly end = new AbortController();
  readonly gate: KubeProxyGate;
  asked = 0;
  openedAt: number | undefined;

  constructor(wellAfter: number, node: Partial<KubeProxyGatePorts> = {}) {
    this.gate = new KubeProxyGate({
      ...{ clock: this.clock, log: this.log, bootSeconds: 20, ranBefore: false, address: ADDRESS },
      isWell: async () => {
        this.asked++;
        return this.clock.now() >= milliseconds(wellAfter);
      },
      opened: () => {
        this.openedAt = this.clock.now() / 1_000;
      },
      ...node,
    });
  }

  async run(span: number): Promise<void> {
    const running = this.gate.run(this.end.signal);
    await this.clock.run(milliseconds(span));
    this.end.abort();
    await running;
  }

  lines(): string[] {
    return this.log.lines.map(({ level, message }) => `${level} ${message}`);
  }
}

test('a node that was just started is no candidate before its kube-proxy has said once that it is well', async () => {
  const scene = new Scene(2_100);
  expect(scene.gate.open).toBe(false);
  await scene.run(5_000);
  expect([scene.gate.open, scene.openedAt, scene.asked]).toEqual([true, 2_250, 10]);
  expect(scene.lines()).toEqual([
    'info this node was just started: it answers for no address before its kube-proxy is well',
    'info kube-proxy is well: this node answers for addresses',
  ]);
});

test('half a minute is enough, well or not', async () => {
  const scene = new Scene(Number.POSITIVE_INFINITY);
  await scene.run(29_900);
  expect(scene.gate.open).toBe(false);
  const late = new Scene(Number.POSITIVE_INFINITY);
  await late.run(31_000);
  expect([late.gate.open, late.openedAt]).toEqual([true, 30_000]);
  expect(late.lines()[1]).toContain('warn kube-proxy does not say that it is well');
});

test.each<{ what: string; node: Partial<KubeProxyGatePorts> }>([
  { what: 'that has run for five minutes', node: { bootSeconds: 300 } },
  { what: 'on which a speaker ran before', node: { ranBefore: true } },
  { what: 'where nobody is to be asked', node: { address: '' } },
])('a node $what asks nobody', async ({ node }) => {
  const scene = new Scene(0, node);
  expect(scene.gate.open).toBe(true);
  await scene.run(1_000);
  expect([scene.asked, scene.lines(), scene.openedAt]).toEqual([0, [], undefined]);
});

test('a process that ends meanwhile does not open it', async () => {
  const scene = new Scene(Number.POSITIVE_INFINITY);
  await scene.run(100);
  await settle();
  expect([scene.gate.open, scene.openedAt]).toEqual([false, undefined]);
});
