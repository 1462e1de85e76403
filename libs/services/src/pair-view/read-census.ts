import { censusAnswer, parse, subjects, type CensusAnswer, type Place } from '@hotstandby/contracts';
import type { Bus } from '@hotstandby/ports';

const answerWithinMs = 15_000;

/** What a node received in a time by its own clock, piece by piece. Throws `BusError` and `CodedError`. */
export async function* readCensus(
  bus: Bus,
  at: Place,
  wanted: { stream: 'own' | 'copy'; fromMs: number; untilMs: number },
): AsyncGenerator<CensusAnswer> {
  const { stream } = wanted;
  const span = { fromMs: Math.max(0, wanted.fromMs), untilMs: Math.max(0, wanted.untilMs) };
  for (let cursor: number | null = null; ;) {
    const request = { stream, ...span, cursor };
    const answer: CensusAnswer = parse(
      censusAnswer,
      await bus.request(subjects.census(at), request, answerWithinMs),
      'a census',
    );
    yield answer;
    if (answer.next === null) return;
    cursor = answer.next;
  }
}
