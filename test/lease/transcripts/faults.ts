import type { Scene } from './scenes.ts';

/** What happens to a node, to one of its processes, or between the two. */
export const faults = {
  crash: {
    title: 'Crash of the active',
    sentence:
      'the standby waits until every grant of the dead one must have ended, and claims; the dead one returns as the standby.',
    ends: 'a is standby, b is active under epoch 2',
    play: async (stage) => {
      await stage.started();
      await stage.run(30);
      stage.kill('a');
      await stage.run(500);
      await stage.start('a');
      await stage.run(500);
    },
  },
  'freeze-of-the-active': {
    title: 'Freeze of the active',
    sentence:
      'a frozen node does nothing and notices nothing; its gates are shut by the clock before the standby claims, and on waking it finds its reign over.',
    ends: 'a is standby, b is active under epoch 2',
    play: async (stage) => {
      await stage.started();
      await stage.run(30);
      stage.freeze('a');
      await stage.run(600);
      stage.thaw('a');
      await stage.run(400);
    },
  },
  'short-freeze-of-the-active': {
    title: 'Short freeze of the active',
    sentence: 'a freeze that ends before the grant does costs nothing.',
    ends: 'a is active under epoch 1, b is standby',
    play: async (stage) => {
      await stage.started();
      await stage.run(30);
      stage.freeze('a');
      await stage.run(90);
      stage.thaw('a');
      await stage.run(300);
    },
  },
  'peer-cut': {
    title: 'Cut between the nodes',
    sentence: 'the store still hears both, so nothing happens, when the cut begins or when it ends.',
    ends: 'a is active under epoch 1, b is standby',
    play: async (stage) => {
      await stage.started();
      await stage.run(30);
      stage.cutLine();
      await stage.run(2000);
      stage.mendLine();
      await stage.run(300);
    },
  },
  'promise-then-crash': {
    title: 'Promise, then crash',
    sentence:
      'the active lives by promises alone and dies; the standby waits from its last promise on, not from the last beat that it saw.',
    ends: 'a is down, b is active under epoch 2',
    play: async (stage) => {
      await stage.started();
      await stage.run(30);
      stage.cutStore('a');
      await stage.run(1000);
      stage.kill('a');
      await stage.run(400);
    },
  },
  readoption: {
    title: 'Restart of the standby',
    sentence:
      'a new incarnation of the registered standby takes its own place again, and no promise of the old one counts for it.',
    ends: 'a is active under epoch 1, b is standby',
    play: async (stage) => {
      await stage.started();
      await stage.run(30);
      stage.kill('b');
      await stage.run(100);
      await stage.start('b');
      await stage.run(400);
    },
  },
  'own-return': {
    title: 'Restart of the active',
    sentence:
      'a new incarnation of the holder is back before its standby may claim: its beats in the same row keep the standby waiting, and it claims when every grant of the old one must have ended.',
    ends: 'a is active under epoch 2, b is standby',
    play: async (stage) => {
      await stage.started();
      await stage.run(30);
      stage.kill('a');
      await stage.run(50);
      await stage.start('a');
      await stage.run(600);
    },
  },
  'arbiter-killed': {
    title: 'The arbiter is killed',
    sentence:
      'heartbeat may beat only by the permit of a living arbiter, so the reign ends with it although heartbeat lives, and the standby takes over.',
    ends: 'a is standby, b is active under epoch 2',
    play: async (stage) => {
      await stage.started();
      await stage.run(30);
      stage.killProcess('a', 'arbiter');
      await stage.run(700);
      await stage.startProcess('a', 'arbiter');
      await stage.run(500);
    },
  },
  'heartbeat-killed': {
    title: 'Heartbeat is killed',
    sentence:
      "without heartbeat nobody renews the grant: the arbiter fences in time, and the standby takes over; the new heartbeat finds a standby's work.",
    ends: 'a is standby, b is active under epoch 2',
    play: async (stage) => {
      await stage.started();
      await stage.run(30);
      stage.killProcess('a', 'heartbeat');
      await stage.run(700);
      await stage.startProcess('a', 'heartbeat');
      await stage.run(500);
    },
  },
} satisfies Record<string, Scene>;
