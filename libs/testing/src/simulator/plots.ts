import type { FaultKind } from './fault-kinds.ts';
import type { Moment } from './moments.ts';

/** A fault that comes at a moment of the conversation instead of at any time. */
export interface Aim {
  moment: Moment;
  fault: FaultKind;
  /** At the host where the moment is, at another one, or at any. */
  at: 'same' | 'other' | 'any';
  chance: number;
  /** After the moment, up to so long. */
  withinMs: number;
  /** How long it lasts; by chance when not given. */
  lastsMs?: [least: number, most: number];
}

/** Faults that belong together, to find what no other ones do. */
export interface Plot {
  aims: Aim[];
  /** Only with a third node. */
  third?: true;
}

export const plots: Plot[] = [
  {
    // The active goes silent right after it was renewed, and is back when the other one claims.
    aims: [
      { moment: 'beat-done', fault: 'freeze-host', at: 'same', chance: 0.04, withinMs: 1, lastsMs: [200, 400] },
      { moment: 'claim-sent', fault: 'mend', at: 'other', chance: 0.8, withinMs: 2 },
    ],
  },
  {
    aims: [
      { moment: 'beat-done', fault: 'cut-off', at: 'same', chance: 0.03, withinMs: 1, lastsMs: [150, 400] },
      { moment: 'claim-sent', fault: 'mend', at: 'other', chance: 0.5, withinMs: 2 },
    ],
  },
  {
    // Only promises carry the active; who promised dies and is back at once.
    aims: [
      { moment: 'register-known', fault: 'cut-store', at: 'same', chance: 0.8, withinMs: 30, lastsMs: [300, 900] },
      { moment: 'promise-given', fault: 'restart-host', at: 'same', chance: 0.03, withinMs: 1, lastsMs: [0, 5] },
    ],
  },
  {
    // Only promises carry the active; their answers are late, and then none comes.
    aims: [
      { moment: 'register-known', fault: 'cut-store', at: 'same', chance: 0.8, withinMs: 30, lastsMs: [300, 900] },
      { moment: 'promise-given', fault: 'slow-peers', at: 'same', chance: 0.15, withinMs: 0, lastsMs: [10, 80] },
      {
        moment: 'promise-given',
        fault: 'cut-peers-one-way',
        at: 'other',
        chance: 0.1,
        withinMs: 40,
        lastsMs: [250, 500],
      },
    ],
  },
  {
    // A claim in flight, and the promise that is asked for meanwhile.
    aims: [
      { moment: 'register-known', fault: 'cut-off', at: 'same', chance: 0.8, withinMs: 30, lastsMs: [250, 600] },
      { moment: 'beat-sent', fault: 'late-statement', at: 'same', chance: 0.02, withinMs: 0 },
      { moment: 'claim-sent', fault: 'mend', at: 'any', chance: 0.5, withinMs: 2 },
    ],
  },
  {
    // A release whose outcome nobody knows, and the beat after it.
    aims: [
      { moment: 'register-known', fault: 'switchover', at: 'same', chance: 0.9, withinMs: 60 },
      { moment: 'preparing', fault: 'release-fate', at: 'same', chance: 0.9, withinMs: 0 },
    ],
  },
  {
    // A claim whose answer is lost, and silence after it.
    aims: [
      { moment: 'beat-done', fault: 'kill-host', at: 'same', chance: 0.01, withinMs: 5 },
      { moment: 'claim-sent', fault: 'lose-answers', at: 'same', chance: 0.8, withinMs: 0, lastsMs: [100, 250] },
      { moment: 'look-known', fault: 'cut-store', at: 'same', chance: 0.05, withinMs: 1, lastsMs: [150, 500] },
    ],
  },
  {
    // Beats are forgotten that a blind standby did not see, and the active does not hear of it.
    aims: [
      { moment: 'beat-done', fault: 'blind-others', at: 'same', chance: 0.04, withinMs: 0, lastsMs: [100, 250] },
      {
        moment: 'beat-known',
        fault: 'store-forgets-beats',
        at: 'same',
        chance: 0.08,
        withinMs: 2,
        lastsMs: [150, 400],
      },
    ],
  },
  {
    // A claim is forgotten with the old server, and whoever held the lease before is back.
    aims: [
      { moment: 'beat-done', fault: 'cut-off', at: 'same', chance: 0.03, withinMs: 1, lastsMs: [180, 260] },
      { moment: 'claim-known', fault: 'promote-replica', at: 'same', chance: 0.6, withinMs: 30, lastsMs: [150, 300] },
      { moment: 'claim-known', fault: 'mend', at: 'other', chance: 0.6, withinMs: 40 },
    ],
  },
  {
    // The place is emptied by an active that never hears of it, while its old standby goes on promising.
    third: true,
    aims: [
      { moment: 'register-known', fault: 'cut-store', at: 'other', chance: 0.7, withinMs: 30, lastsMs: [1200, 1900] },
      { moment: 'register-done', fault: 'cut-store', at: 'same', chance: 0.4, withinMs: 0, lastsMs: [200, 900] },
    ],
  },
  {
    // A hand-over of an arbiter that does not know a frozen service yet, which then wakes while its old grant lives.
    aims: [
      { moment: 'register-known', fault: 'freeze-actor', at: 'other', chance: 0.7, withinMs: 30, lastsMs: [300, 700] },
      { moment: 'register-known', fault: 'restart-arbiter', at: 'other', chance: 0.7, withinMs: 60, lastsMs: [0, 20] },
      { moment: 'readopt-known', fault: 'switchover', at: 'other', chance: 0.9, withinMs: 60 },
      { moment: 'became-active', fault: 'switchover', at: 'any', chance: 0.3, withinMs: 120 },
      { moment: 'became-active', fault: 'mend', at: 'other', chance: 0.5, withinMs: 120 },
    ],
  },
  {
    // The same, with a service that was frozen for longer than its registration lasts.
    aims: [
      { moment: 'became-active', fault: 'freeze-actor', at: 'same', chance: 0.8, withinMs: 5, lastsMs: [1100, 1700] },
      { moment: 'beat-known', fault: 'switchover', at: 'same', chance: 0.05, withinMs: 5 },
      { moment: 'fenced', fault: 'mend', at: 'same', chance: 0.5, withinMs: 120 },
    ],
  },
];
