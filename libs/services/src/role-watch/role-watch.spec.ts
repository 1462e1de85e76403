import { ManualClock } from '@hotstandby/testing/manual-clock';
import { LocalBus } from '@hotstandby/testing/local-bus';
import { subjects, type Grant } from '@hotstandby/contracts';
import { expect, it } from 'vitest';
import { RoleWatch } from './index.ts';

const place = { cluster: 'c', node: 'a' };
const quiet = { debug() {}, info() {}, warn() {}, error() {} };

function watched() {
  const clock = new ManualClock();
  const bus = new LocalBus();
  const told: string[] = [];
  const watch = new RoleWatch(
    { bus, clock, place, log: quiet },
    {
      opened: (grant) => told.push(`opened ${grant.epoch}`),
      shut: (reason) => told.push(`shut: ${reason}`),
      roleChanged: (role) => told.push(role),
    },
  );
  watch.start();
  const say = (change: Partial<Grant>) =>
    bus.publish(subjects.grant(place), {
      role: 'active',
      nodeId: 'id-a',
      incarnation: 'i1',
      epoch: 1,
      deadlineMs: clock.monotonicMs() + 100,
      tenure: { epoch: 1, startedAtWallMs: 0 },
      ...change,
    } satisfies Grant);
  return { clock, watch, told, say };
}

it('opens once a reign, renews in silence and shuts at the deadline without a further message', async () => {
  const { clock, watch, told, say } = watched();
  say({});
  await clock.advance(60);
  say({});
  await clock.advance(60);
  expect(watch.open()?.epoch).toBe(1);
  await clock.advance(60);
  expect(watch.open()).toBeNull();
  expect(told).toEqual(['active', 'opened 1', 'shut: the grant lapsed']);
});

it('shuts when the arbiter revokes, and ignores a grant of an older epoch that comes late', () => {
  const { watch, told, say } = watched();
  say({ epoch: 2 });
  say({ epoch: 1 });
  expect(watch.open()?.epoch).toBe(2);
  say({ epoch: null, role: 'fenced' });
  expect(watch.open()).toBeNull();
  expect(told).toEqual(['active', 'opened 2', 'fenced', 'shut: revoked: the node is fenced']);
});

it('stays shut for a grant that had lapsed when it arrived', () => {
  const { clock, watch, told, say } = watched();
  say({ deadlineMs: clock.monotonicMs() - 1 });
  expect(watch.open()).toBeNull();
  expect(told).toEqual(['active']);
});

it('shuts although the timer came early, and opens again for the same epoch', async () => {
  const { clock, watch, told, say } = watched();
  const after = clock.after.bind(clock);
  let early = 3;
  clock.after = (delayMs, run) => after(early-- > 0 ? delayMs - 0.25 : delayMs, run);
  say({});
  await clock.advance(101);
  expect(watch.open()).toBeNull();
  say({});
  expect(told).toEqual(['active', 'opened 1', 'shut: the grant lapsed', 'opened 1']);
});
