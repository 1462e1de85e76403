import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { readCorpus } from './corpus.ts';
import { Fuzzer } from './fuzzer.ts';
import { targets, type Target } from './targets.ts';

const seed = Date.now();
// They take a second each; a busy machine may take its time.
vi.setConfig({ testTimeout: 120_000 });

describe.each(Object.entries<Target>(targets))('%s', (name, target) => {
  const known = [...target.seeds(), ...readCorpus(name)];

  it('holds for every input that once reached something new', () => {
    for (const input of known) target.check(input);
  });

  it('holds for real ones that are cut off, at every byte', () => {
    for (const input of target.seeds())
      for (let length = 0; length < Math.min(input.length, 300); length++) target.check(input.subarray(0, length));
  });

  it.each([0, 1, 3, 65_536])('holds for %i octets that are all alike', (length) => {
    for (const octet of [0, 1, 0x30, 0x3c, 0x80, 0xff]) target.check(new Uint8Array(length).fill(octet));
  });

  it(`holds for whatever comes (seed ${seed})`, () => {
    const word = fc.constantFrom(...target.words);
    const octets = fc.oneof(fc.uint8Array({ maxLength: 40 }), word, fc.constantFrom(...known));
    const input = fc
      .array(octets, { maxLength: 12 })
      .map((parts) => Uint8Array.from(parts.flatMap((part) => [...part])));
    fc.assert(
      fc.property(input, (bytes) => target.check(bytes)),
      { seed, numRuns: 60 },
    );
  });

  it(
    'costs no more work than is stated for an octet, and the fuzzer finds nothing in a moment',
    { timeout: 60_000 },
    () => {
      const fuzzer = new Fuzzer(target, 1);
      fuzzer.start(known);
      for (let batch = 0; batch < 1 && fuzzer.step(); batch++);
      fuzzer.stop();
      const { finding, runs, blocks } = fuzzer.state();
      expect(finding && `${finding.message} ${Buffer.from(finding.input).toString('hex')}`).toBeNull();
      expect(runs).toBeGreaterThan(500);
      expect(blocks).toBeGreaterThan(20);
    },
  );
});

it('finds a fault that only one octet behind another shows', () => {
  const target: Target = {
    check(input) {
      if (input[0] === 0x3c && input[1] === 0x3e) throw new Error('found');
    },
    seeds: () => [Uint8Array.from(Buffer.from('<34>1 - a'))],
    words: [Uint8Array.of(0x3c)],
    work: { perOctet: 1, besides: 1000 },
  };
  const fuzzer = new Fuzzer(target, 1);
  fuzzer.start(target.seeds());
  for (let batch = 0; batch < 200 && fuzzer.step(); batch++);
  fuzzer.stop();
  expect(fuzzer.state().finding?.message).toContain('found');
});
