import { FrameBuilder } from '@hotstandby/core/frame';
import type { Datagram, ReceivedFrame, TelemetryKind } from '@hotstandby/ports';

/** Datagrams of one kind, encoded for INGEST. */
export type Frame = ReceivedFrame;

/** Gathers datagrams into frames of one kind each: flow data that waits for its template then holds up no syslog. */
export class Framer {
  readonly #frameBytes: number;
  readonly #builders = new Map<TelemetryKind, FrameBuilder>();

  constructor(frameBytes: number) {
    this.#frameBytes = frameBytes;
  }

  /** Frames that became full. */
  add(datagrams: readonly Datagram[]): Frame[] {
    const full: Frame[] = [];
    for (const datagram of datagrams) {
      const builder = this.#builder(datagram.kind);
      const count = builder.count;
      const bytes = builder.add(datagram);
      if (bytes) full.push({ kind: datagram.kind, bytes, datagrams: count });
    }
    return full;
  }

  /** Everything that is left. */
  flush(): Frame[] {
    const rest: Frame[] = [];
    for (const [kind, builder] of this.#builders) {
      const datagrams = builder.count;
      const bytes = builder.take();
      if (bytes) rest.push({ kind, bytes, datagrams });
    }
    return rest;
  }

  #builder(kind: TelemetryKind): FrameBuilder {
    let builder = this.#builders.get(kind);
    if (!builder) this.#builders.set(kind, (builder = new FrameBuilder(this.#frameBytes)));
    return builder;
  }
}
