import { connectNats } from '@hotstandby/adapters/nats';
import { subjects } from '@hotstandby/contracts';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually } from '../parts/eventually.ts';
import { startNatsPair, type NatsPair } from '../parts/nats-pair.ts';
import { recordingLog } from '../parts/recording-log.ts';

let pair: NatsPair;
beforeAll(async () => {
  pair = await startNatsPair(['127.0.0.37', '127.0.0.38']);
});
afterAll(() => pair?.remove());

it('lets an operator ask either collector for a census, and a frame only collectors', async () => {
  const log = recordingLog();
  const at = (node: string) => ({ cluster: 'test', node });
  const open = (of: NatsPair['a'], service: 'collector' | 'cli' | 'console') =>
    connectNats({ config: of.config, service, log });
  const [there, collector, operator, other] = await Promise.all([
    open(pair.b, 'collector'),
    open(pair.a, 'collector'),
    open(pair.a, 'cli'),
    open(pair.a, 'console'),
  ]);
  there.bus.respond(subjects.census(at('b')), () => 'a census');
  there.bus.respond(subjects.frame(at('b')), () => 'a frame');
  expect(await eventually(() => operator.bus.request(subjects.census(at('b')), {}, 2000))).toBe('a census');
  expect(await eventually(() => collector.bus.request(subjects.frame(at('b')), {}, 2000))).toBe('a frame');
  // What it received before it reigned it compares like what the other one did.
  collector.bus.respond(subjects.census(at('a')), () => 'its own census');
  collector.bus.respond(subjects.frame(at('a')), () => 'its own frame');
  expect(await eventually(() => collector.bus.request(subjects.census(at('a')), {}, 2000))).toBe('its own census');
  expect(await eventually(() => collector.bus.request(subjects.frame(at('a')), {}, 2000))).toBe('its own frame');
  for (const { bus } of [operator, other])
    for (const node of ['a', 'b']) await expect(bus.request(subjects.frame(at(node)), {}, 500)).rejects.toThrow();
  await Promise.all([there, collector, operator, other].map((part) => part.close()));
});
