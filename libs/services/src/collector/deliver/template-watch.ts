import { decodeFrame, kindOfFrame } from '@hotstandby/core/frame';
import type { Clock, Datagram, IngestMessage, IngestReader, Logger } from '@hotstandby/ports';
import type { CollectorLimits } from '../limits.ts';
import { Backoff, pause } from '../waiting-time.ts';

interface Parts {
  stream: IngestReader;
  clock: Clock;
  log: Logger;
  limits: Pick<CollectorLimits, 'templateLookBackMs' | 'retry'>;
  learn: (datagram: Datagram) => void;
  /** Every message on its way past. */
  look?: (message: Pick<IngestMessage, 'id' | 'sequence' | 'frame'>) => void;
}

/**
 * Reads a stream of frames for flow templates in both roles, from some minutes back: a standby then decodes at once when it takes
 * over, a restarted process knows what its predecessor knew, and replicas learn from each other's sockets.
 */
export class TemplateWatch {
  readonly #parts: Parts;
  readonly #abort = new AbortController();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  start(): void {
    void this.#run();
  }

  stop(): void {
    this.#abort.abort();
  }

  async #run(): Promise<void> {
    const { stream, clock, log, limits, learn, look } = this.#parts;
    const { signal } = this.#abort;
    const backoff = new Backoff(limits.retry);
    const from = { startTimeMs: Math.max(0, clock.wallMs() - limits.templateLookBackMs) };
    while (!signal.aborted) {
      try {
        await stream.watch(
          from,
          (message) => {
            look?.(message);
            const { frame } = message;
            // A frame is of one kind.
            if (kindOfFrame(frame) !== 'flow') return;
            for (const datagram of decodeFrame(frame).datagrams) learn(datagram);
          },
          signal,
        );
      } catch (error) {
        log.debug('INGEST cannot be watched for templates yet', { error: String(error) });
      }
      await pause(clock, backoff.next(), signal);
    }
  }
}
