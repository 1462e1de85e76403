import type { Scene } from './scenes.ts';

/** What people do on purpose: starting, handing over, stopping. */
export const plans = {
  start: {
    title: 'Start',
    sentence: 'the primary claims a lease that nobody ever held, and registers the node that comes second.',
    ends: 'a is active under epoch 1, b is standby',
    play: async (stage) => {
      await stage.start('a');
      await stage.run(300);
      await stage.start('b');
      await stage.run(500);
    },
  },
  'both-start-at-once': {
    title: 'Both start at once',
    sentence:
      'the primary claims at once and the secondary would wait, so there is one claim, and the secondary finds it made.',
    ends: 'b is standby, a is active under epoch 1',
    play: async (stage) => {
      await Promise.all([stage.start('b'), stage.start('a')]);
      await stage.run(600);
    },
  },
  'secondary-first': {
    title: 'The secondary comes first',
    sentence:
      'on a new store the secondary leaves the primary its time; the primary finds it there, waits until a forgotten first reign would be dead, and claims.',
    ends: 'b is standby, a is active under epoch 1',
    play: async (stage) => {
      await stage.start('b');
      await stage.run(160);
      await stage.start('a');
      await stage.run(600);
    },
  },
  'second-standby': {
    title: 'A second standby',
    sentence:
      'a third node is refused while the standby beats, and joins by itself when the place is free. It has no line to the active, so it promises nothing.',
    ends: 'a is active under epoch 1, b is down, c is standby',
    play: async (stage) => {
      await stage.started();
      await stage.start('c');
      await stage.run(400);
      stage.kill('b');
      await stage.run(1700);
    },
  },
  'hand-over': {
    title: 'Hand-over',
    sentence:
      'the active shuts its gates, releases the lease to its standby by name and tells it; the standby claims without waiting.',
    ends: 'a is standby, b is active under epoch 2',
    play: async (stage) => {
      await stage.started();
      await stage.run(30);
      stage.ask('a', 'switchover', 'patching');
      await stage.run(400);
    },
  },
  'hand-over-refused': {
    title: 'Hand-over refused',
    sentence: 'without a standby that beats there is nobody to hand over to: the active says so and stays.',
    ends: 'a is active under epoch 1, b is down',
    play: async (stage) => {
      await stage.started();
      stage.kill('b');
      await stage.run(1700);
      stage.ask('a', 'switchover', 'patching');
      await stage.run(200);
    },
  },
  'hand-over-taken-back': {
    title: 'Hand-over whose target dies',
    sentence:
      "the standby dies just before the lease is released to it; it is nobody's until its time is over, and then the old active claims it back.",
    ends: 'a is active under epoch 2, b is down',
    play: async (stage) => {
      await stage.started();
      await stage.run(30);
      stage.kill('b');
      stage.ask('a', 'switchover', 'patching');
      await stage.run(2600);
    },
  },
  'clean-stop': {
    title: 'Clean stop of the active',
    sentence: 'a stop is a hand-over from which nothing is taken back.',
    ends: 'a is down, b is active under epoch 2',
    play: async (stage) => {
      await stage.started();
      await stage.run(30);
      await stage.stop('a');
      await stage.run(300);
    },
  },
} satisfies Record<string, Scene>;
