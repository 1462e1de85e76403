import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { decodeFlowColumns, decodeFlows, FlowColumns, recordsOfColumns, TemplateCache } from '@hotstandby/decoders';
import { expect, it } from 'vitest';
import { eventually } from '../parts/eventually.ts';
import { freeUdpPort, udpSender } from './udp-sender.ts';

const run = promisify(execFile);
const receiver = '127.0.0.78';
const exporter = '127.0.0.1';

const u16 = (...values: number[]) => values.flatMap((value) => [(value >>> 8) & 0xff, value & 0xff]);
const u32 = (...values: number[]) => values.flatMap((value) => [...u16(value >>> 16), ...u16(value & 0xffff)]);
const set = (id: number, content: number[]) => [...u16(id, 4 + content.length), ...content];

/** Numbers that the seed decides; none is 0, which nfdump leaves out. */
function numbersOf(seed: number) {
  let state = seed >>> 0;
  const next = () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0);
  return { upTo: (most: number) => 1 + ((next() >>> 4) % most) };
}

/** Elements with the lengths that both read, and what they may say. */
const elements = {
  addresses: [[8, 4], [12, 4]],
  ports: [[7, 2], [11, 2]],
  counters: [[1, 4], [1, 8], [2, 4], [2, 8]],
  others: [[4, 1], [6, 1], [5, 1], [10, 2], [10, 4], [14, 2], [14, 4], [15, 4], [16, 2], [16, 4], [17, 2], [17, 4], [9, 1], [13, 1]],
} as const; // prettier-ignore

const nowMs = Math.floor(Date.now() / 1000) * 1000;
const bootMs = nowMs - 600_000;

function version5(random: ReturnType<typeof numbersOf>, count: number): Uint8Array {
  const records = Array.from({ length: count }, () => [
    ...u32(random.upTo(0xffff_fff0), random.upTo(0xffff_fff0), random.upTo(0xffff_fff0)),
    ...u16(random.upTo(65_535), random.upTo(65_535)),
    ...u32(random.upTo(0xffff_fff0), random.upTo(0xffff_fff0), random.upTo(300_000), 300_000 + random.upTo(200_000)),
    ...u16(random.upTo(65_535), random.upTo(65_535)),
    ...[0, random.upTo(63), 6, random.upTo(255)],
    ...u16(random.upTo(65_535), random.upTo(65_535)),
    // nfdump 1.7 leaves out the prefix lengths of version 5.
    ...[0, 0, 0, 0],
  ]);
  return Uint8Array.from([...u16(5, count), ...u32(600_000, nowMs / 1000, 0, 1), ...u16(0, 0), ...records.flat()]);
}

function withTemplates(random: ReturnType<typeof numbersOf>, version: 9 | 10, templateId: number): Uint8Array[] {
  const one = <Value>(list: readonly Value[]) => list[random.upTo(list.length) - 1]!;
  const both = new Map<number, number>([
    ...elements.addresses,
    ...elements.ports,
    one(elements.counters.slice(0, 2)),
    one(elements.counters.slice(2)),
  ]);
  for (let n = random.upTo(12); n > 0; n -= 1) {
    const [number, lengthBytes] = one(elements.others);
    both.set(number, lengthBytes);
  }
  both.set(4, 1);
  const times: [number, number][] = version === 9 ? [[22, 4], [21, 4]] : [[152, 8], [153, 8]]; // prettier-ignore
  const fields = [...both, ...times].map((field) => [random.upTo(1000), field] as const);
  fields.sort(([a], [b]) => a - b);
  const ordered = fields.map(([, field]) => field);
  const octets = (number: number, lengthBytes: number) => {
    if (number === 22) return u32(random.upTo(300_000));
    if (number === 21) return u32(300_000 + random.upTo(200_000));
    if (number >= 152) {
      const ms = bootMs + (number === 152 ? 0 : 300_000) + random.upTo(200_000);
      return u32(Math.floor(ms / 2 ** 32), ms >>> 0);
    }
    // Protocols with ports, so that these are shown as such.
    if (number === 4) return [one([6, 17])];
    if (number === 9 || number === 13) return [random.upTo(32)];
    if (number === 6) return [random.upTo(63)];
    if (lengthBytes === 8) return u32(random.upTo(1000), random.upTo(0xffff_fff0));
    if (lengthBytes === 4) return u32(random.upTo(0xffff_fff0));
    return lengthBytes === 2 ? u16(random.upTo(65_535)) : [random.upTo(255)];
  };
  const records = Array.from({ length: random.upTo(20) }, () =>
    ordered.flatMap(([number, length]) => octets(number, length)),
  );
  const message = (...sets: number[][]) =>
    Uint8Array.from(
      version === 9
        ? [...u16(9, sets.length), ...u32(600_000, nowMs / 1000, 7, templateId), ...sets.flat()]
        : [...u16(10, 16 + sets.flat().length), ...u32(nowMs / 1000, 7, templateId), ...sets.flat()],
    );
  const template = set(version === 9 ? 0 : 2, u16(templateId, ordered.length, ...ordered.flat()));
  return [message(template), message(set(templateId, records.flat()))];
}

const timeOf = (text: Told): number => Date.parse(`${text}Z`);

/** A flow as both tell it, in one line. */
const line = (values: Told[]) => values.map((value) => value ?? 0).join(' ');
type Told = string | number | bigint | null | undefined;

it.skipIf(!existsSync('/usr/bin/nfcapd'))(
  'columns say what nfdump says of the same datagrams',
  async () => {
    const seed = Math.floor(Math.random() * 2 ** 31);
    console.log(`seed ${seed}`);
    const random = numbersOf(seed);
    const datagrams = [version5(random, 30), version5(random, 1)];
    for (let n = 0; n < 40; n += 1) datagrams.push(...withTemplates(random, n % 2 === 0 ? 9 : 10, 256 + n));

    const templates = new TemplateCache();
    const columns = new FlowColumns('flows');
    for (const bytes of datagrams) {
      const context = { sourceAddress: exporter, receivedAtMs: nowMs };
      if (!decodeFlowColumns(bytes, context, templates, columns))
        expect(decodeFlows(bytes, context, templates).records).toEqual([]);
    }
    const ours = recordsOfColumns(columns).map(({ extra, ...flow }) =>
      line([
        ...[flow.sourceAddress, flow.destinationAddress, flow.sourcePort, flow.destinationPort, flow.protocol],
        ...[flow.packets, flow.octets, flow.startMs, flow.endMs, flow.tos, flow.inputInterface, flow.outputInterface],
        ...['ipNextHopIPv4Address', 'bgpSourceAsNumber', 'bgpDestinationAsNumber'].map((name) => extra?.[name] as Told),
        ...['sourceIPv4PrefixLength', 'destinationIPv4PrefixLength'].map((name) => extra?.[name] as Told),
      ]),
    );

    const theirs = (await seenByNfdump(datagrams, ours.length)).map((flow) =>
      line([
        ...[flow['src4_addr'], flow['dst4_addr'], flow['src_port'], flow['dst_port'], flow['proto']],
        ...[flow['in_packets'], flow['in_bytes'], timeOf(flow['first']), timeOf(flow['last']), flow['src_tos']],
        ...[flow['input_snmp'], flow['output_snmp'], flow['ip4_next_hop'], flow['src_as'], flow['dst_as']],
        ...[flow['src_mask'], flow['dst_mask']],
      ]),
    );
    expect(ours.length).toBeGreaterThan(100);
    expect(theirs.toSorted()).toEqual(ours.toSorted());
  },
  60_000,
);

async function seenByNfdump(datagrams: Uint8Array[], flows: number): Promise<Record<string, string | number>[]> {
  const folder = mkdtempSync(path.join(tmpdir(), 'nfdump-'));
  const port = await freeUdpPort(receiver);
  const nfcapd = spawn('/usr/bin/nfcapd', ['-b', receiver, '-p', String(port), '-w', folder, '-t', '3600'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise<void>((resolve) => nfcapd.once('exit', () => resolve()));
  let said = '';
  for (const stream of [nfcapd.stdout, nfcapd.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const sender = await udpSender(exporter);
  try {
    await eventually(() => said.includes('Startup nfcapd'), 20_000, 'nfcapd');
    for (const bytes of datagrams) await sender.send(bytes, receiver, port);
    // It says what it has only at its end, and reads no more of its socket then.
    await eventually(() => unreadBytes(port) === 0, 20_000, 'all datagrams read');
    nfcapd.kill('SIGTERM');
    await ended;
    const file = readdirSync(folder).find((name) => /^nfcapd\.\d+$/.test(name)) ?? '';
    const env = { ...process.env, TZ: 'UTC' };
    const { stdout } = await run('/usr/bin/nfdump', ['-r', path.join(folder, file), '-o', 'json'], {
      env,
      maxBuffer: 2 ** 26,
    });
    const seen = JSON.parse(stdout) as Record<string, string | number>[];
    expect(seen.length, said).toBe(flows);
    return seen;
  } finally {
    nfcapd.kill('SIGKILL');
    sender.close();
    rmSync(folder, { recursive: true });
  }
}

/** What waits in the socket of a port, as the kernel counts. */
function unreadBytes(port: number): number {
  const ending = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const sockets = readFileSync('/proc/net/udp', 'latin1')
    .split('\n')
    .map((row) => row.trim().split(/\s+/));
  const socket = sockets.find(([, local]) => local?.endsWith(ending));
  return Number.parseInt(socket?.[4]?.split(':')[1] ?? '', 16);
}
