import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { FlowRecord } from '../records.ts';
import { decodeFlows } from './decode-flows.ts';
import { learnTemplates } from './learn-templates.ts';
import { decodePending } from './pending.ts';
import { TemplateCache } from './template-cache.ts';

const file = new URL('../../../../test/fixtures/datagrams/flows.txt', import.meta.url);
const lines = readFileSync(file, 'utf8').split('\n').filter((line) => line && !line.startsWith('#')); // prettier-ignore
const captured = new Map(
  lines.map((line) => [line.split(' ')[0], Uint8Array.from(Buffer.from(line.split(' ')[1] ?? '', 'hex'))]),
);
const datagram = (name: string) => captured.get(name) ?? new Uint8Array();
const context = { sourceAddress: '127.0.0.1', receivedAtMs: Date.UTC(2026, 10, 21, 12) };

/** What flows.pcap has, in IPv4; ports of ICMP differ between the versions and are left out. */
const conversations = [
  ['192.0.2.10:51000', '198.51.100.20:443', 6, 6n, 510n],
  ['198.51.100.20:443', '192.0.2.10:51000', 6, 4n, 2060n],
  ['192.0.2.10:33333', '192.0.2.53:53', 17, 1n, 61n],
  ['192.0.2.53:53', '192.0.2.10:33333', 17, 1n, 125n],
  ['192.0.2.11:40022', '203.0.113.5:22', 6, 5n, 264n],
  ['203.0.113.5:22', '192.0.2.11:40022', 6, 3n, 184n],
  ['192.0.2.11:123', '198.51.100.123:123', 17, 1n, 76n],
  ['192.0.2.10', '203.0.113.9', 1, 1n, 84n],
  ['203.0.113.9', '192.0.2.10', 1, 1n, 84n],
];
const conversationsV6 = [
  ['2001:db8::10:52000', '2001:db8:1::20:80', 6, 5n, 420n],
  ['2001:db8:1::20:80', '2001:db8::10:52000', 6, 3n, 1080n],
];
const endpoint = (address: string | null, port: number | null, protocol: number | null) =>
  protocol === 1 ? address : `${address}:${port}`;
const conversation = (flow: FlowRecord) => [
  endpoint(flow.sourceAddress, flow.sourcePort, flow.protocol),
  endpoint(flow.destinationAddress, flow.destinationPort, flow.protocol),
  flow.protocol,
  flow.packets,
  flow.octets,
];
const sorted = (rows: unknown[][]) => rows.map(String).toSorted();

describe('what softflowd sends', () => {
  test.each([
    ['softflowd-v5', conversations],
    ['softflowd-v9', [...conversations, ...conversationsV6]],
    ['softflowd-ipfix', [...conversations, ...conversationsV6]],
    ['softflowd-ipfix-milliseconds', [...conversations, ...conversationsV6]],
  ])('%s: every conversation of the capture', (name, expected) => {
    const { records, pending } = decodeFlows(datagram(name), context, new TemplateCache());
    expect(pending).toEqual([]);
    expect(records.filter((record) => record.malformed !== null)).toEqual([]);
    expect(sorted(records.map(conversation))).toEqual(sorted(expected));
  });

  test('a record in full', () => {
    expect(decodeFlows(datagram('softflowd-ipfix-milliseconds'), context, new TemplateCache()).records[0]).toEqual({
      receivedAtMs: context.receivedAtMs,
      exporter: '127.0.0.1',
      version: 10,
      observationDomain: 0,
      sourceAddress: '192.0.2.10',
      destinationAddress: '198.51.100.20',
      sourcePort: 51_000,
      destinationPort: 443,
      protocol: 6,
      packets: 6n,
      octets: 510n,
      startMs: Date.UTC(2026, 0, 15, 10, 0, 0, 0),
      endMs: Date.UTC(2026, 0, 15, 10, 0, 0, 63),
      inputInterface: 0,
      outputInterface: 0,
      tcpFlags: 0x1b,
      tos: 0,
      extra: { flowDirection: 0, flowEndReason: 3, ipVersion: 4 },
      malformed: null,
      raw: null,
    });
  });

  test.each(['softflowd-v5', 'softflowd-v9', 'softflowd-ipfix'])(
    '%s: times relative to the start of the exporter',
    (name) => {
      // The capture is ten months old and uptimes begin anew every 49.7 days: only the distances can be right.
      const { records } = decodeFlows(datagram(name), context, new TemplateCache());
      const first = records[0];
      expect((first?.endMs ?? 0) - (first?.startMs ?? 0)).toBe(63);
      expect(first?.startMs).toBeGreaterThan(context.receivedAtMs - 50 * 86_400_000);
      expect(first?.startMs).toBeLessThan(context.receivedAtMs + 86_400_000);
    },
  );

  test('IPFIX times come from systemInitTimeMilliseconds, which only options tell', () => {
    const cache = new TemplateCache();
    learnTemplates(datagram('softflowd-ipfix'), context, cache);
    expect(cache.size).toBe(5);
    expect(cache.systemInitMs('127.0.0.1', 0)).toBe(0x1a1fe0d3096);
  });

  test.each(['softflowd-v9', 'softflowd-ipfix'])(
    '%s: flows that come before their templates wait and are then the same',
    (name) => {
      const whole = datagram(name);
      const header = name === 'softflowd-v9' ? 20 : 16;
      // The same message with its template sets renamed to sets without a meaning.
      const late = whole.slice();
      const view = new DataView(late.buffer);
      for (let offset = header; offset < late.length; offset += view.getUint16(offset + 2)) {
        if (view.getUint16(offset) < 4) view.setUint16(offset, 99);
      }
      const cache = new TemplateCache();
      const early = decodeFlows(late, context, cache);
      expect(early).toMatchObject({ records: [], ignoredSets: 5, optionsRecords: 0 });
      expect(early.pending.map((pending) => decodePending(pending, cache))).toEqual(early.pending.map(() => null));
      const direct = decodeFlows(whole, context, cache);
      expect(direct.learned).toHaveLength(5);
      expect(early.pending.flatMap((pending) => decodePending(pending, cache))).toEqual(direct.records);
    },
  );
});
