import { exitCodes } from '@hotstandby/contracts';
import type { Clock, EventLog } from '@hotstandby/ports';
import { within } from '../../pair-view/index.ts';
import { eventLine } from '../event-line.ts';
import { jsonText, type Output } from '../output.ts';

export interface EventsRequest {
  follow: boolean;
  after?: string | undefined;
  types?: string[] | undefined;
  last: number;
}

/** As long as reading what is there may take without a single event. */
const silenceMs = 10_000;

/** Events of both nodes, oldest first; with `follow` until `signal`. Throws `HS_NO_ANSWER` when the log hangs. */
export async function eventsCommand(
  request: EventsRequest,
  { events, clock }: { events: EventLog; clock: Clock },
  output: Output,
  signal: AbortSignal,
): Promise<number> {
  const { follow, after: afterId, types, last } = request;
  let told = 0;
  const reading = events.read(
    { afterId, types, last, toEnd: !follow },
    (event) => {
      told++;
      output.out(output.json ? jsonText(event) : eventLine(event, output.paint));
    },
    signal,
  );
  if (follow) {
    await reading;
    return exitCodes.ok;
  }
  let before = -1;
  for (let ended = false; !ended && before < told;) {
    before = told;
    ended = await within(
      clock,
      silenceMs,
      reading.then(() => true),
      {
        code: 'HS_NO_ANSWER',
        message: 'the event log does not answer',
      },
    ).catch((error: unknown) => {
      if (told === before) throw error;
      return false;
    });
  }
  return exitCodes.ok;
}
