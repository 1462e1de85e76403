import { CodedError } from '@hotstandby/contracts';
import { expect, it } from 'vitest';
import { explainCommand } from '../commands/explain.ts';
import { painter } from '../text/paint.ts';
import { nearMatches } from './near-matches.ts';
import { topics } from './topics.ts';

function explain(name?: string, json = false) {
  const lines: string[] = [];
  const out = (line: string) => void lines.push(line);
  const code = explainCommand(name, { out, err: out, paint: painter(false), json });
  return { code, lines };
}

it('explains a rule: sentence, roles, evidence, what to do, where to read on', () => {
  expect(explain('claim-take-back')).toEqual({
    code: 0,
    lines: [
      'claim-take-back (a rule of the lease)',
      '  The node that the lease was handed to did not claim in time, and the releaser claims it again.',
      '',
      '  role        fenced -> active',
      '  evidence    handedTo: The node that should have claimed.',
      '              epoch: The epoch that it is about.',
      '  what to do  The hand-over did not come about. Look at the node that should have taken over, above',
      '              all at its way to the store, and try again.',
      '  read on     docs/lease.md, "Hand-over"',
      '              docs/operating.md, "Switchover"',
    ],
  });
});

it.each([
  ['store.lost', 'event'],
  ['hs_no_standby', 'error'],
  ['silentMs', 'evidence'],
  ['Refused', 'rule'],
])('explains %s, in whatever letters: %s', (name, kind) => {
  const [topic] = JSON.parse(explain(name, true).lines.join('')) as { kind: string; sentence: string }[];
  expect(topic?.kind).toBe(kind);
  expect(topic?.sentence).toMatch(/\S/);
});

it('lists every name once, each with its sentence, no line too long for its screen', () => {
  const names = topics().map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  const { lines } = explain();
  for (const { name, sentence } of topics()) {
    expect(lines.some((line) => line.startsWith(`${name} `) && line.endsWith(sentence))).toBe(true);
    expect(Math.max(...explain(name).lines.map((line) => line.length))).toBeLessThanOrEqual(100);
  }
});

it.each([
  ['claim-silent-hodler', ['claim-silent-holder']],
  ['claim.silent', ['claim-silent-holder', 'claim-lone-holder-silent']],
  ['take back', ['claim-take-back']],
  ['HS_NOSTANDBY', ['HS_NO_STANDBY']],
  ['xyzzy', []],
  ['', []],
])('of %j it thinks of %j', (asked, near) => {
  expect(
    nearMatches(
      asked,
      topics().map(({ name }) => name),
    ).slice(0, 2),
  ).toEqual(near);
});

it('says so when nothing has the name, with what may have been meant', () => {
  expect(() => explain('fence-lapsin\u001b')).toThrow(
    expect.objectContaining({ code: 'HS_USAGE', cure: expect.stringContaining('fence-lapsing') }),
  );
  expect(() => explain('constructor')).toThrow(CodedError);
});
