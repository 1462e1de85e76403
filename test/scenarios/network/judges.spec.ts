import { expect, it } from 'vitest';
import type { Transition } from '@hotstandby/ports';
import { judgeJournal, judgeTransitions } from './history.ts';
import { lapsesOf } from './lapses.ts';
import { judgeRecords } from './records.ts';
import { randomEpisodes } from './schedule.ts';
import {
  judgeLateAnswers,
  judgeRivalries,
  longestWithoutGrantMs,
  rivalriesOf,
  rivalsAnswerMs,
  silencesOf,
} from './virtual-address.ts';

// The judges of a run, on what a broken pair would show them.

/** One answer every 10 ms from each of the MACs. */
const answers = (fromMs: number, toMs: number, ...macs: string[]) =>
  Array.from({ length: (toMs - fromMs) / 10 }, (_, index) => fromMs + 10 * index).flatMap((atMs) =>
    macs.map((mac, turn) => ({ atMs: atMs + turn, mac })),
  );

it('sees two hosts that answer for the virtual IP, and how long', () => {
  const seen = [...answers(0, 1000, 'a'), ...answers(1000, 3000, 'a', 'b'), ...answers(3000, 4000, 'b')];
  const rivalries = rivalriesOf(seen);
  expect(rivalries).toHaveLength(1);
  expect((rivalries[0]?.toMs ?? 0) - (rivalries[0]?.fromMs ?? 0)).toBeGreaterThan(1950);
  expect(judgeRivalries(rivalries, 0)).toHaveLength(1);
});

it('lets an address change its host', () => {
  expect(rivalriesOf([...answers(0, 1000, 'a'), ...answers(1100, 2000, 'b')])).toEqual([]);
  const late = rivalriesOf([...answers(0, 1000, 'a'), ...answers(1000, 1000 + rivalsAnswerMs, 'a', 'b')]);
  expect(late).toHaveLength(1);
  expect(judgeRivalries(late, 0)).toEqual([]);
});

it('sees how long a host answers without a grant', () => {
  const span = { epoch: 1, node: 'a', incarnation: 'a/1', fromMs: 0, toMs: 500 };
  const nodeOf = new Map([['ma', 'a']]);
  expect(longestWithoutGrantMs(answers(100, 500, 'ma'), [span], nodeOf)).toBeLessThan(0.1);
  expect(longestWithoutGrantMs(answers(100, 900, 'ma'), [span], nodeOf)).toBeGreaterThan(380);
  expect(judgeLateAnswers(380, 2000)).toEqual([]);
  expect(judgeLateAnswers(4100, 2000)).toHaveLength(1);
});

it('sees messages that are stored twice, and lost ones that no trouble excuses', () => {
  const sent = Array.from({ length: 1000 }, (_, sequence) => ({ sequence, atMs: 20 * sequence }));
  const stored = sent.map(({ sequence }) => ({ sequence, epoch: 1 }));
  const trouble = { what: 'a fault', fromMs: 8000, toMs: 9000, lossAllowed: true };
  expect(judgeRecords(sent, stored, [trouble], []).faults).toEqual([]);
  expect(judgeRecords(sent, [...stored, { sequence: 7, epoch: 1 }], [trouble], []).faults).toHaveLength(1);
  const without = (from: number, to: number) => stored.filter(({ sequence }) => sequence < from || sequence > to);
  expect(judgeRecords(sent, without(410, 440), [trouble], [])).toMatchObject({ faults: [], lostInTrouble: 31 });
  expect(judgeRecords(sent, without(410, 440), [{ ...trouble, lossAllowed: false }], []).faults).toHaveLength(1);
  const lapse = { fromMs: 18_000, toMs: 18_010 };
  expect(judgeRecords(sent, without(900, 900), [trouble], [lapse])).toMatchObject({ faults: [], lostInLapse: 1 });
  expect(judgeRecords(sent, without(900, 900), [trouble], []).missingOutside).toEqual([900]);
});

it('knows when nobody answered for the address', () => {
  expect(silencesOf([...answers(0, 100, 'a'), ...answers(110, 200, 'b')])).toEqual([]);
  expect(silencesOf([...answers(0, 100, 'a'), ...answers(160, 200, 'b')])).toEqual([{ fromMs: 90, toMs: 160 }]);
});

it('knows when nobody had a grant', () => {
  const heard = (node: string, epoch: number | null, sentMs: number) => ({
    ...{
      node,
      epoch,
      role: epoch === null ? ('fenced' as const) : ('active' as const),
      nodeId: node,
      incarnation: node,
    },
    ...{ tenure: null, deadlineMs: epoch === null ? sentMs : sentMs + 2000, arrivedMs: sentMs + 1 },
  });
  const steady = [heard('a', 1, 0), heard('a', 1, 500), heard('a', 1, 1000)];
  expect(lapsesOf([...steady, heard('b', 2, 2800)], 2000, 100)).toEqual([]);
  expect(lapsesOf([...steady, heard('a', 1, 3400)], 2000, 100)).toEqual([{ fromMs: 2900, toMs: 3900 }]);
  const revoked = [...steady, heard('a', null, 1500), heard('b', 2, 1600)];
  expect(lapsesOf(revoked, 2000, 100)).toEqual([{ fromMs: 1500, toMs: 2100 }]);
});

const claim: Transition = {
  id: 't1',
  node: 'a',
  nodeId: 'node-a',
  epoch: 4,
  from: 'standby',
  to: 'active',
  rule: 'claim-silent-holder',
  evidence: { silentMs: 2100 },
  operator: null,
  at: '2026-01-01T00:00:00.000Z',
};

it('sees transitions that no rule allows, that lack evidence, and an epoch with two holders', () => {
  expect(judgeTransitions([claim])).toEqual([]);
  expect(judgeTransitions([{ ...claim, rule: 'claim-because' }])).toHaveLength(1);
  expect(judgeTransitions([{ ...claim, from: 'active' }])).toHaveLength(1);
  expect(judgeTransitions([{ ...claim, evidence: {} }])).toHaveLength(1);
  expect(judgeTransitions([claim, { ...claim, id: 't2', node: 'b', nodeId: 'node-b' }])).toHaveLength(1);
});

it('sees a journal and a store that disagree', () => {
  const journal = [{ transition: claim, sent: true }];
  expect(judgeJournal('a', journal, [claim])).toEqual([]);
  expect(judgeJournal('a', journal, [])).toHaveLength(1);
  expect(judgeJournal('a', [{ transition: claim, sent: false }], [])).toEqual([]);
  expect(judgeJournal('a', journal, [{ ...claim, epoch: 5 }])).toHaveLength(1);
  expect(judgeJournal('a', journal, [claim, { ...claim, id: 't2' }])).toHaveLength(1);
  expect(
    judgeJournal('a', [...journal, { transition: { ...claim, id: 't0', epoch: 3 }, sent: false }], [claim]),
  ).toHaveLength(1);
});

it('makes the same schedule of the same seed, and another of another', () => {
  const first = (seed: number) => {
    const episodes = randomEpisodes(seed);
    return Array.from({ length: 20 }, () => episodes.next().value);
  };
  expect(first(7)).toEqual(first(7));
  expect(first(7)).not.toEqual(first(8));
});
