import type { DeliveredDatagram, SinkMessage, TelemetryKind } from '@hotstandby/ports';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { deliveredFlow, deliveredSyslog, deliveredTrap } from './delivered-datagrams.ts';

/** A sink of one kind, empty, on the real thing. Made anew for every test. */
export interface SinkHarness {
  /** As the collector does it: made ready, then delivered. */
  deliver(messages: SinkMessage[]): Promise<void>;
  /** What arrived, one text a datagram: the message of syslog, the OID of a trap, the octets of a flow. */
  arrived(): Promise<string[]>;
  /** The same message once more. */
  again: 'kept once' | 'comes again';
  /** Nothing can be delivered until its end; null: the sink does not notice (UDP). */
  outage: { begin(): Promise<void>; end(): Promise<void> } | null;
  close(): Promise<void>;
}

const message = (messageId: string, datagrams: DeliveredDatagram[]): SinkMessage => ({
  messageId,
  epoch: 1,
  datagrams,
});
const sorted = (texts: string[]) => texts.toSorted();

/** What every place that telemetry goes to must do, the store's included. */
export function telemetrySinkConformance(name: string, makeHarness: () => Promise<SinkHarness>): void {
  describe(`telemetry to ${name}`, () => {
    let made: SinkHarness | null = null;
    const sink = () => {
      if (!made) throw new Error('no harness outside a test');
      return made;
    };
    /** What comes from elsewhere may take a moment. */
    const arrive = async (texts: string[]) => {
      const deadlineMs = performance.now() + 20_000;
      for (;;) {
        const there = await sink().arrived();
        if (there.length >= texts.length || performance.now() > deadlineMs)
          return expect(sorted(there)).toEqual(sorted(texts));
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    };
    beforeEach(async () => {
      made = await makeHarness();
    });
    afterEach(async () => {
      await made?.close();
      made = null;
    });

    it('brings every record of every kind, once', async () => {
      const texts = Array.from({ length: 500 }, (_, index) => `line ${index}`);
      await sink().deliver([
        message(
          'm1',
          texts.slice(0, 300).map((text) => deliveredSyslog(text)),
        ),
        message(
          'm2',
          texts.slice(300).map((text) => deliveredSyslog(text)),
        ),
        message('m3', [deliveredTrap('1.3.6.1.6.3.1.1.5.3'), deliveredTrap('1.3.6.1.6.3.1.1.5.4')]),
        message('m4', [deliveredFlow(100n), deliveredFlow(2n ** 62n)]),
      ]);
      const others = ['1.3.6.1.6.3.1.1.5.3', '1.3.6.1.6.3.1.1.5.4', '100', '4611686018427387904'];
      await arrive([...texts, ...others]);
    });

    it('keeps text as it is, in any script and with what is special to somebody', async () => {
      const texts = [
        'grün 日本 🛰',
        'tab\tand\nline',
        `"quotes", 'single', \\N {braces}`,
        'x'.repeat(8000),
        '{"json":true}',
      ];
      await sink().deliver([
        message(
          'm1',
          texts.map((text) => deliveredSyslog(text)),
        ),
      ]);
      await arrive(texts);
    });

    it('takes a message that comes again', async () => {
      await sink().deliver([message('m1', [deliveredSyslog('one')])]);
      await sink().deliver([message('m1', [deliveredSyslog('one')]), message('m2', [deliveredSyslog('two')])]);
      await arrive(sink().again === 'kept once' ? ['one', 'two'] : ['one', 'one', 'two']);
    });

    it('takes nothing for something: messages without datagrams', async () => {
      await sink().deliver([message('m1', [])]);
      await sink().deliver([]);
      await sink().deliver([message('m2', [deliveredSyslog('one')])]);
      await arrive(['one']);
    });

    it('takes many deliveries at once', async () => {
      const texts = Array.from({ length: 40 }, (_, index) => `line ${index}`);
      await Promise.all(texts.map((text, index) => sink().deliver([message(`m${index}`, [deliveredSyslog(text)])])));
      await arrive(texts);
    });

    it('says so when it cannot, in a bounded time, and goes on by itself', async () => {
      const { outage } = sink();
      if (!outage) return;
      await sink().deliver([message('m1', [deliveredSyslog('before')])]);
      await outage.begin();
      const startedAtMs = performance.now();
      await expect(sink().deliver([message('m2', [deliveredSyslog('meanwhile')])])).rejects.toBeInstanceOf(Error);
      expect(performance.now() - startedAtMs).toBeLessThan(15_000);
      await outage.end();
      const deadlineMs = performance.now() + 20_000;
      for (;;) {
        const failure = await sink()
          .deliver([message('m2', [deliveredSyslog('meanwhile')])])
          .then(() => null)
          .catch((error: unknown) => error);
        if (failure === null) break;
        if (performance.now() > deadlineMs) throw failure;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      await arrive(['before', 'meanwhile']);
    }, 60_000);
  });
}

/** Which kinds a message of a harness may hold. */
export const everyKind: readonly TelemetryKind[] = ['syslog', 'trap', 'flow'];
