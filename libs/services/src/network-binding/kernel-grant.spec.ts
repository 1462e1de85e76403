import type { AddressGate, GateAnswer } from '@hotstandby/ports';
import { ManualClock, settle } from '@hotstandby/testing/manual-clock';
import { expect, it } from 'vitest';
import { KernelGrant } from './kernel-grant.ts';

const quiet = { debug() {}, info() {}, warn() {}, error() {} };

it('takes the failure of a renewal for that of the opening which it was for, not of a newer one', async () => {
  const clock = new ManualClock();
  const startMs = clock.monotonicMs();
  let intact = true;
  let answerRenewal: (answer: GateAnswer) => void = () => {};
  const gate: AddressGate = {
    unable: async () => null,
    establish: async () => void (intact = true),
    open: async () => 'done',
    renew: () => new Promise((resolve) => (answerRenewal = resolve)),
    hush: async () => 'done',
    shut: async () => {},
    intact: async () => intact,
    close: async () => {},
  };
  let untilMs = startMs + 400;
  let lapses = 0;
  const addresses = ['192.0.2.100'];
  const kernel = new KernelGrant({
    gate,
    clock,
    log: quiet,
    addresses,
    untilMs: () => untilMs,
    lapsed: () => lapses++,
  });
  await kernel.establish();
  await kernel.open();
  untilMs += 100;
  kernel.renew();

  // Somebody flushes all rules while the renewal is on its way; they are made anew and opened.
  intact = false;
  expect(await kernel.check()).toBe(false);
  await kernel.establish();
  expect(await kernel.open()).toBe(true);
  answerRenewal('refused');
  await settle();
  expect([kernel.state(), lapses]).toEqual(['open', 0]);

  // The renewal of this opening counts.
  untilMs += 100;
  kernel.renew();
  answerRenewal('refused');
  await settle();
  expect([kernel.state(), lapses]).toEqual(['shut', 1]);
});
