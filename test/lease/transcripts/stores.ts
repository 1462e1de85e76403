import type { Scene } from './scenes.ts';

/** What happens to the store, or on the way to it. */
export const stores = {
  'store-cut-from-the-active': {
    title: 'The active is cut off from the store',
    sentence: 'its standby promises, so it stays active; the standby sees its counter stand still and does not claim.',
    ends: 'a is active under epoch 1, b is standby',
    play: async (stage) => {
      await stage.started();
      await stage.run(30);
      stage.cutStore('a');
      await stage.run(1500);
      stage.mendStore('a');
      await stage.run(500);
    },
  },
  'both-cut': {
    title: 'The active is cut off from both voters',
    sentence: 'it fences before its grant ends; the standby, which the store still hears, claims after that.',
    ends: 'a is standby, b is active under epoch 2',
    play: async (stage) => {
      await stage.started();
      await stage.run(30);
      stage.cutStore('a');
      stage.cutLine();
      await stage.run(600);
      stage.mendStore('a');
      stage.mendLine();
      await stage.run(600);
    },
  },
  'store-stopped': {
    title: 'The store is stopped and started',
    sentence: 'the active goes on by promises, nobody claims, and when the store is back everything is as it was.',
    ends: 'a is active under epoch 1, b is standby',
    play: async (stage) => {
      await stage.started();
      await stage.run(30);
      stage.stopStore();
      await stage.run(1500);
      stage.startStore();
      await stage.run(400);
    },
  },
  'store-away-standby-dies': {
    title: 'The store is away, and the standby dies',
    sentence:
      'the active has lost both voters: it fences and nobody takes over, until the store is back and the same reign goes on.',
    ends: 'a is active under epoch 1, b is down',
    play: async (stage) => {
      await stage.started();
      await stage.run(30);
      stage.stopStore();
      await stage.run(300);
      stage.kill('b');
      await stage.run(800);
      stage.startStore();
      await stage.run(300);
    },
  },
  'store-and-active-die': {
    title: 'The store and the active die together',
    sentence:
      'the standby cannot claim without the store, so nobody is active; when the store is back it waits anew, and claims.',
    ends: 'a is down, b is active under epoch 2',
    play: async (stage) => {
      await stage.started();
      await stage.run(30);
      stage.stopStore();
      stage.kill('a');
      await stage.run(1500);
      stage.startStore();
      await stage.run(500);
    },
  },
  'store-back-in-time': {
    title: 'The store goes back in time',
    sentence:
      'a restored copy shows an epoch below one that was seen: nothing that it says is believed, the active goes on by promises, and claims above what it remembers.',
    ends: 'a is standby, b is active under epoch 4',
    play: async (stage) => {
      await stage.started();
      const backup = stage.backup();
      stage.kill('a');
      await stage.run(400);
      await stage.start('a');
      await stage.run(500);
      await stage.begin();
      stage.restore(backup);
      await stage.run(600);
    },
  },
  'store-back-active-dead': {
    title: 'The store goes back in time, and the active is dead',
    sentence:
      'the standby of the reign that it remembers waits for every grant of the forgotten past, and claims so far above that no forgotten epoch can be as high.',
    ends: 'a is active under epoch 2000, b is down',
    play: async (stage) => {
      await stage.started();
      const backup = stage.backup();
      stage.kill('a');
      await stage.run(400);
      await stage.start('a');
      await stage.run(500);
      await stage.begin();
      stage.kill('b');
      stage.restore(backup);
      await stage.run(600);
    },
  },
  'replica-promoted': {
    title: 'A replica takes over as the store',
    sentence:
      'it lacks nothing, but nobody can know: beats renew nothing on its timeline, promises carry the active through the wait, and it claims above.',
    ends: 'a is active under epoch 3, b is standby',
    play: async (stage) => {
      await stage.started();
      await stage.run(30);
      stage.promote(stage.backup());
      await stage.run(600);
    },
  },
  'unknown-claim': {
    title: 'A claim of unknown outcome',
    sentence:
      'the claim is carried out and its answer gets lost: looking who holds the lease gives nothing, the first beat under the new epoch does.',
    ends: 'a is down, b is active under epoch 2',
    play: async (stage) => {
      await stage.started();
      await stage.run(30);
      stage.kill('a');
      stage.loseAnswers('b', true);
      await stage.run(200);
      stage.loseAnswers('b', false);
      await stage.run(400);
    },
  },
} satisfies Record<string, Scene>;
