import type { Emit, ServiceStatus } from '@hotstandby/contracts';
import { LocalBus } from '@hotstandby/testing/local-bus';
import { ManualClock } from '@hotstandby/testing/manual-clock';
import { expect, it } from 'vitest';
import { WorkloadWatch, type WatchedCheck } from './index.ts';

const place = { cluster: 'test', node: 'a' };
const log = { debug() {}, info() {}, warn() {}, error() {} };

/** A watch over checks whose answers the test gives; an answer of null never comes. */
function watching(...names: string[]) {
  const clock = new ManualClock();
  const bus = new LocalBus();
  const answers: Record<string, boolean | null> = Object.fromEntries(names.map((name) => [name, true]));
  const looks: Record<string, number> = {};
  const closed: string[] = [];
  const told: unknown[] = [];
  const gauges: Record<string, number> = {};
  const emit: Emit = async (type, data) => void told.push({ type, ...data });
  const checks = names.map((name): WatchedCheck => ({
    name,
    everyMs: 100,
    retryMs: 30,
    failures: 2,
    successes: 2,
    check: {
      look() {
        looks[name] = (looks[name] ?? 0) + 1;
        const well = answers[name];
        return well == null ? new Promise(() => {}) : Promise.resolve({ well, what: well ? 'answers' : 'is away' });
      },
      close: () => void closed.push(name),
    },
  }));
  const gauge = () => ({
    set: (value: number, labels: Record<string, string> = {}) => void (gauges[labels['check'] ?? ''] = value),
  });
  const metrics = { gauge, counter: () => ({ add() {} }), histogram: () => ({ observe() {} }) };
  const watch = new WorkloadWatch({ bus, clock, log, emit, metrics, place, pid: 7, checks });
  const said = () => bus.published.map(({ payload }) => payload as ServiceStatus);
  return { clock, bus, answers, looks, closed, told, gauges, watch, said };
}

it('says nothing before every check has had its say, then at once and every second', async () => {
  const { clock, watch, said, answers, bus } = watching('web', 'port');
  answers['port'] = null;
  watch.start();
  await clock.advance(3000);
  expect(said()).toEqual([]);
  const other = watching('web', 'port');
  other.watch.start();
  await other.clock.advance(0);
  expect(other.said()).toMatchObject([{ service: 'workload', instance: 'a', health: 'ok', summary: 'web, port well' }]);
  expect(other.bus.published[0]?.subject).toBe('hs.test.a.workload.status');
  await other.clock.advance(3000);
  expect(other.said()).toHaveLength(4);
  expect(bus.published).toEqual([]);
});

it('tells a failure after as many looks as it may fail, at once, and the recovery', async () => {
  const { clock, watch, said, answers, told, gauges } = watching('web');
  watch.start();
  await clock.advance(50);
  answers['web'] = false;
  await clock.advance(79);
  expect(said().at(-1)?.health).toBe('ok');
  await clock.advance(1);
  expect(said().at(-1)).toMatchObject({
    health: 'failed',
    summary: 'web: is away',
    detail: { web: { well: false, what: 'is away' } },
  });
  expect(told).toEqual([{ type: 'workload.failed', check: 'web', code: 'HS_WORKLOAD_FAILED', message: 'is away' }]);
  expect(gauges).toEqual({ web: 0 });
  answers['web'] = true;
  await clock.advance(200);
  expect(said().at(-1)?.health).toBe('ok');
  expect(told.at(-1)).toEqual({ type: 'workload.recovered', check: 'web', failedMs: 200 });
  expect(gauges).toEqual({ web: 1 });
});

it('never has two looks of a check under way, and leaves nothing behind when it stops', async () => {
  const { clock, watch, answers, looks, closed, said } = watching('web');
  watch.start();
  await clock.advance(50);
  answers['web'] = null;
  await clock.advance(5000);
  expect(looks).toEqual({ web: 2 });
  watch.stop();
  expect(closed).toEqual(['web']);
  const before = said().length;
  await clock.advance(5000);
  expect(said()).toHaveLength(before);
  expect(looks).toEqual({ web: 2 });
});

it('says it again when the bus comes back', async () => {
  const { clock, watch, bus, answers, said } = watching('web');
  watch.start();
  await clock.advance(50);
  bus.setConnected(false);
  answers['web'] = false;
  await clock.advance(500);
  expect(said().at(-1)?.health).toBe('ok');
  bus.setConnected(true);
  expect(said().at(-1)?.health).toBe('failed');
});

it('is nothing where nothing is to be watched', async () => {
  const { clock, watch, said } = watching();
  watch.start();
  await clock.advance(5000);
  expect(said()).toEqual([]);
  watch.stop();
});
