import { setTimeout as sleep } from 'node:timers/promises';
import { kindNumbers } from '@hotstandby/core/frame';
import type { ListenRequest, Listening, Logger, Received, Receiver } from '@hotstandby/ports';
import { bindError } from './bind-error.ts';
import type { NativeAddon } from './native-addon.ts';

/** How the receiver gathers datagrams. */
export interface NativeOptions {
  /** A frame is handed on when it has this many bytes, or is this old. */
  frameBytes: number;
  frameDelayMs: number;
  /** Frames that may wait for JavaScript, for each socket; then the kernel's buffer takes what comes. */
  ringFrames: number;
  /**
   * Lets the kernel give bursts of one sender in one piece (UDP_GRO): cheaper, but what it then drops is counted in bursts
   * and not in datagrams.
   */
  merge: boolean;
}

/** Of 1 ms each, or more. */
const mostHandOnTries = 500;

export const defaultNativeOptions: NativeOptions = {
  frameBytes: 65_536,
  frameDelayMs: 10,
  ringFrames: 64,
  merge: false,
};

/**
 * Sockets over recvmmsg, each with a thread of its own that stamps (by the kernel's clock of arrival) and frames. Replicas
 * share a port: the kernel spreads the senders over them.
 */
export class NativeReceiver implements Receiver {
  readonly #addon: NativeAddon;
  readonly #log: Logger;
  readonly #options: NativeOptions;
  readonly #open = new Set<object>();
  #dropsOfClosed = 0;

  constructor(parts: { addon: NativeAddon; log: Logger } & Partial<NativeOptions>) {
    const { addon, log, ...options } = parts;
    this.#addon = addon;
    this.#log = log;
    this.#options = { ...defaultNativeOptions, ...options };
  }

  means(): { name: string; note: string | null } {
    return { name: 'native', note: null };
  }

  async listen(
    request: ListenRequest,
    onReceived: (received: Received) => void,
    onLost: (reason: string) => void,
  ): Promise<Listening> {
    const { kind, address, port, receiveBufferBytes } = request;
    const { handle, ...given } = this.#bind(
      { address, port, receiveBufferBytes, kind: kindNumbers[kind], ...this.#options },
      request,
      (bytes, datagrams) => {
        if (bytes === null) {
          close();
          onLost(datagrams);
          return;
        }
        try {
          onReceived({ kind, bytes, datagrams });
        } catch (error) {
          this.#log.error('received datagrams were not taken', { kind, count: datagrams, error: String(error) });
        }
      },
    );
    this.#open.add(handle);
    const close = () => {
      if (!this.#open.delete(handle)) return;
      this.#dropsOfClosed += this.#addon.look(handle)[0];
      this.#addon.close(handle);
    };
    return {
      receiveBufferBytes: given.receiveBufferBytes,
      send: (bytes, to) => {
        if (this.#open.has(handle)) this.#addon.send(handle, bytes, to.address, to.port);
      },
      close,
    };
  }

  async kernelDrops(): Promise<number> {
    let total = this.#dropsOfClosed;
    for (const handle of this.#open) total += this.#addon.look(handle)[0];
    return total;
  }

  async unreadBytes(): Promise<number> {
    let total = 0;
    for (const handle of this.#open) {
      const [, unread, ring] = this.#addon.look(handle);
      total += unread + ring;
    }
    return total;
  }

  async handOn(): Promise<void> {
    const asked = [...this.#open];
    for (const handle of asked) this.#addon.handOn(handle);
    const isWaiting = (handle: object) => this.#open.has(handle) && this.#addon.look(handle)[6] === 0;
    // Under a flood the kernel is never empty.
    for (let tries = 0; tries < mostHandOnTries && asked.some(isWaiting); tries += 1) await sleep(1);
  }

  /** Datagrams read, system calls for them, and how often the ring was full, of the sockets that are open. */
  figures(): { datagrams: number; calls: number; waits: number } {
    const sum = { datagrams: 0, calls: 0, waits: 0 };
    for (const handle of this.#open) {
      const [, , , datagrams, calls, waits] = this.#addon.look(handle);
      sum.datagrams += datagrams;
      sum.calls += calls;
      sum.waits += waits;
    }
    return sum;
  }

  #bind(
    options: Parameters<NativeAddon['open']>[0],
    request: ListenRequest,
    onFrame: Parameters<NativeAddon['open']>[1],
  ): ReturnType<NativeAddon['open']> {
    try {
      return this.#addon.open(options, onFrame);
    } catch (error) {
      throw bindError(error as NodeJS.ErrnoException, request);
    }
  }
}
