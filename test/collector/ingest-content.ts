import { decodeFrame } from '@hotstandby/core/frame';
import type { Ingest } from '@hotstandby/ports';
import { eventually } from '../parts/eventually.ts';

/** Texts of all datagrams in INGEST that begin with `prefix`, once the stream has been read to its present end. */
export async function ingestTexts(ingest: Ingest, prefix: string): Promise<string[]> {
  const end = new AbortController();
  const texts: string[] = [];
  const marker = `end-${Math.random()}`;
  let seenMarker = false;
  const watching = ingest.watch(
    { startTimeMs: 0 },
    ({ frame }) => {
      if (new TextDecoder().decode(frame) === marker) seenMarker = true;
      for (const { bytes } of decodeFrame(frame).datagrams) {
        const text = new TextDecoder().decode(bytes);
        if (text.includes(prefix)) texts.push(text);
      }
    },
    end.signal,
  );
  await ingest.append(new TextEncoder().encode(marker), marker);
  await eventually(() => seenMarker, 20_000, 'the end of INGEST');
  end.abort();
  await watching;
  return texts;
}
