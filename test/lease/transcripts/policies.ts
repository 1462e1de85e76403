import type { Scene } from './scenes.ts';

/** When roles move by themselves, and when they are kept from it. */
export const policies = {
  pause: {
    title: 'Pause',
    sentence:
      'during a pause nobody takes over, not even from a dead active; when the store says that it is over, the standby waits as ever, and claims.',
    ends: 'a is down, b is active under epoch 2',
    play: async (stage) => {
      await stage.started();
      await stage.run(30);
      stage.ask('a', 'pause', 'new kernel', { forMs: 1000 });
      await stage.run(200);
      stage.kill('a');
      await stage.run(1500);
    },
  },
  resume: {
    title: 'Resume',
    sentence: 'an operator ends the pause, and the wait of the standby begins then.',
    ends: 'a is down, b is active under epoch 2',
    play: async (stage) => {
      await stage.started();
      stage.ask('a', 'pause', 'new kernel', { forMs: 3_600_000 });
      await stage.run(200);
      stage.kill('a');
      await stage.run(1000);
      stage.ask('b', 'resume', 'done');
      await stage.run(500);
    },
  },
  failback: {
    title: 'Failback',
    sentence: 'after a take-over the recovered primary stays the standby until an operator asks for the way back.',
    ends: 'a is active under epoch 3, b is standby',
    play: async (stage) => {
      await stage.started();
      stage.kill('a');
      await stage.run(500);
      await stage.start('a');
      await stage.run(1500);
      await stage.begin();
      stage.ask('b', 'failback', 'a is well again');
      await stage.run(300);
    },
  },
  'failback-by-policy': {
    title: 'Failback by policy',
    sentence:
      'where the policy says automatic, the active hands over by itself when the primary was its healthy standby for long enough (here 3 s).',
    ends: 'a is active under epoch 3, b is standby',
    play: async (stage) => {
      stage.policy({ failback: 'automatic', failbackAfterMs: 3000, minimumReignMs: 1000 });
      await stage.started();
      stage.kill('a');
      await stage.run(500);
      await stage.begin();
      await stage.start('a');
      await stage.run(6500);
    },
  },
  'hand-over-by-health': {
    title: 'Hand-over by health',
    sentence:
      'a critical service of the active stays failed while those of the standby are well: after the time that the policy gives it (here a few seconds) the active hands over.',
    ends: 'a is standby, b is active under epoch 2',
    play: async (stage) => {
      stage.policy({ criticalServices: ['collector'], handOverAfterMs: 3000, minimumReignMs: 1000 });
      await stage.started();
      await stage.services(2000, { a: 'ok', b: 'ok' });
      await stage.begin();
      await stage.services(6000, { a: 'failed', b: 'ok' });
    },
  },
  'forced-take-over': {
    title: 'Take-over by force',
    sentence:
      'a third node never claims from two silent ones, because it cannot tell death from a cut; an operator who knows can have it take the lease.',
    ends: 'a is down, b is down, c is active under epoch 2',
    play: async (stage) => {
      await stage.started();
      await stage.start('c');
      await stage.run(500);
      await stage.begin();
      stage.kill('a');
      stage.kill('b');
      await stage.run(1000);
      stage.ask('c', 'takeover', 'both burnt');
      await stage.run(500);
    },
  },
} satisfies Record<string, Scene>;
