import type { SinkItem, TelemetrySink } from '@hotstandby/ports';
import { ManualClock } from '@hotstandby/testing/manual-clock';
import { expect, it } from 'vitest';
import { Sinks } from './sinks.ts';

const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const noMetric = { add: () => {}, set: () => {}, observe: () => {} };
const metrics = { counter: () => noMetric, gauge: () => noMetric, histogram: () => noMetric };

class RecordingSink implements TelemetrySink {
  readonly name: string;
  readonly readsFlows = false;
  readonly readsSyslog = false;
  fault: string | null = null;
  limit: string | null = null;
  readonly got: string[] = [];

  constructor(name: string) {
    this.name = name;
  }

  stage({ messageId }: { messageId: string }): SinkItem {
    return { messageId };
  }

  async deliver(items: readonly SinkItem[]): Promise<void> {
    if (this.fault !== null) throw new Error(this.fault);
    this.got.push(...items.map(({ messageId }) => messageId));
  }

  limitation(): string | null {
    return this.limit;
  }

  async close(): Promise<void> {}
}

function world() {
  const clock = new ManualClock();
  const [one, two] = [new RecordingSink('file one'), new RecordingSink('file two')];
  const gate = { open: true };
  const limits = { retry: { firstMs: 50, maxMs: 500 } };
  const sinks = new Sinks({ sinks: [one, two], clock, log, metrics, limits, gate: () => (gate.open ? {} : null) });
  const staged = sinks.stage({ messageId: 'm', epoch: 1, datagrams: [] });
  return { clock, one, two, gate, sinks, staged, abort: new AbortController() };
}

it('tries a sink that takes nothing until it does, and gives the others theirs once', async () => {
  const { clock, one, two, sinks, staged, abort } = world();
  one.fault = 'the disk is full';
  const delivered = sinks.deliver(staged, abort.signal);
  await clock.advance(3000);
  expect([one.got, two.got, sinks.faults()]).toEqual([[], ['m'], ['the disk is full']]);
  one.fault = null;
  await clock.advance(1000);
  expect(await delivered).toBe(true);
  expect([one.got, two.got, sinks.faults()]).toEqual([['m'], ['m'], []]);
});

it('gives nothing while the gate is shut, and ends when it shuts or is told to', async () => {
  const { clock, one, gate, sinks, staged, abort } = world();
  gate.open = false;
  expect(await sinks.deliver(staged, abort.signal)).toBe(false);
  expect(one.got).toEqual([]);
  gate.open = true;
  one.fault = 'away';
  const delivered = sinks.deliver(staged, abort.signal);
  await clock.advance(1000);
  abort.abort();
  await clock.advance(1000);
  expect(await delivered).toBe(false);
  expect(one.got).toEqual([]);
});

it('tells what a sink delivers otherwise than configured, and delivers', async () => {
  const { one, sinks, staged, abort } = world();
  one.limit = 'sources in a header';
  expect(await sinks.deliver(staged, abort.signal)).toBe(true);
  expect([one.got, sinks.faults()]).toEqual([['m'], ['sources in a header']]);
});
