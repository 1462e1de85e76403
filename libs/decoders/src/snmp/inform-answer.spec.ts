import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { informAnswer } from './inform-answer.ts';

const lines = readFileSync(new URL('../../../../test/fixtures/datagrams/traps.txt', import.meta.url), 'utf8').split(
  '\n',
);
const sent = (name: string) =>
  Uint8Array.from(Buffer.from(lines.find((line) => line.startsWith(`${name} `))?.split(' ')[1] ?? '', 'hex'));

it('answers an inform with its own request id and variables', () => {
  const inform = sent('v2c-inform-link-up');
  const answer = informAnswer(inform);
  const differ = [...inform.keys()].filter((at) => inform[at] !== answer?.[at]);
  expect(differ.map((at) => [inform[at], answer?.[at]])).toEqual([[0xa6, 0xa2]]);
  expect(answer).toHaveLength(inform.length);
});

it('answers nothing else: no traps, no answers, nothing that is cut off', () => {
  const inform = sent('v2c-inform-link-up');
  for (const name of ['v1-enterprise', 'v1-link-down', 'v2c-many-types', 'v3'])
    expect(informAnswer(sent(name))).toBeNull();
  expect(informAnswer(informAnswer(inform) ?? inform)).toBeNull();
  for (let length = 0; length < inform.length; length++) expect(informAnswer(inform.subarray(0, length))).toBeNull();
  expect(informAnswer(Uint8Array.from([...inform, 0]))).toBeNull();
});
