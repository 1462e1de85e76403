import {
  conversationColumns,
  rowsByPlace,
  type ConversationColumns,
  type RowsByPlace,
} from './conversation-columns.ts';
import type { FlowsToSum } from './flows-to-sum.ts';
import type { ApplicationSum, ConversationSum, InterfaceSum, SummableFlow, SummableFlows, Totals } from './flows.ts';
import { SumTable } from './sum-table.ts';

const minute = 60_000;
/** Memory for so many conversations at once; more if they come. */
const mostExpected = 65_536;
/** ICMP and others have types where these have ports. */
const withPorts = new Set([6, 17, 33, 132, 136]);

/**
 * Flows summed by minute of reception and exporter: over interfaces, over applications, and over conversations (who with
 * whom, by which application). Sums are exact up to 2^53.
 */
export class TrafficSums {
  /** A minute of an exporter is one word of every key. */
  readonly #places: { minuteMs: number; exporter: string }[] = [];
  readonly #placeNumbers = new Map<string, number>();
  readonly #traffic = new SumTable();
  readonly #conversations: SumTable;
  #byPlace: RowsByPlace | null = null;
  /** With addresses that are not IPv4, by their text. */
  readonly #others = new Map<string, ConversationSum & { place: number }>();

  /** `flows`: how many will come, about. */
  constructor(flows = 0) {
    this.#conversations = new SumTable(Math.min(flows, mostExpected));
  }

  /** Conversations so far. */
  get size(): number {
    return this.#conversations.size + this.#others.size;
  }

  add(flows: SummableFlows): void {
    const { sourceAddress, destinationAddress, sourcePort, destinationPort } = flows;
    let row = 0;
    for (const { exporter, receivedAtMs, end } of flows.runs) {
      const place = this.#placeOf(exporter, receivedAtMs);
      for (; row < end; row++) {
        const packets = flows.packets[row] ?? 0;
        const octets = flows.octets[row] ?? 0;
        const protocol = flows.protocol[row] ?? 0;
        const application = wordOf(protocol, Math.min(sourcePort[row] ?? 0, destinationPort[row] ?? 0));
        const [source, destination] = [sourceAddress[row] ?? 0, destinationAddress[row] ?? 0];
        this.#traffic.add(
          place,
          flows.inputInterface[row] ?? 0,
          flows.outputInterface[row] ?? 0,
          0,
          1,
          packets,
          octets,
        );
        this.#conversations.add(place, source, destination, application, 1, packets, octets);
      }
    }
  }

  /** All of them, those that are not between IPv4 addresses included. */
  addAll(flows: FlowsToSum): void {
    this.add(flows);
    for (const other of flows.others) this.addOther(other);
  }

  addOther(flow: SummableFlow): void {
    const place = this.#placeOf(flow.exporter, flow.receivedAtMs);
    const [packets, octets] = [Number(flow.packets ?? 0), Number(flow.octets ?? 0)];
    this.#traffic.add(place, flow.inputInterface ?? 0, flow.outputInterface ?? 0, 0, 1, packets, octets);
    const protocol = flow.protocol ?? 0;
    const lower = Math.min(flow.sourcePort ?? 0, flow.destinationPort ?? 0);
    const port = wordOf(protocol, lower) & 0xffff;
    const [source, destination] = [flow.sourceAddress ?? '0.0.0.0', flow.destinationAddress ?? '0.0.0.0'];
    const key = `${place} ${source} ${destination} ${protocol} ${port}`;
    const sum = this.#others.get(key);
    if (sum) addTo(sum, { flows: 1, packets, octets });
    else {
      const { minuteMs, exporter } = this.#place(place);
      const totals = { flows: 1, packets, octets };
      this.#others.set(key, { place, minuteMs, exporter, source, destination, protocol, port, ...totals });
    }
  }

  *traffic(): Generator<InterfaceSum> {
    for (let row = 0; row < this.#traffic.size; row++) {
      const place = this.#place(this.#traffic.key(row, 0));
      yield {
        ...place,
        input: this.#traffic.key(row, 1),
        output: this.#traffic.key(row, 2),
        ...totals(this.#traffic, row),
      };
    }
  }

  *conversations(): Generator<ConversationSum> {
    const table = this.#conversations;
    for (let row = 0; row < table.size; row++) {
      const { minuteMs, exporter } = this.#place(table.key(row, 0));
      const application = table.key(row, 3);
      yield {
        minuteMs,
        exporter,
        source: table.key(row, 1),
        destination: table.key(row, 2),
        protocol: application >>> 16,
        port: application & 0xffff,
        flows: table.sum(row, 0),
        packets: table.sum(row, 1),
        octets: table.sum(row, 2),
      };
    }
    yield* this.#others.values();
  }

  /** Those between IPv4 addresses, by minute and exporter, at most `rows` at a time, where so many are `wanted`. Each is good until the next. */
  conversationColumns(rows: number, wanted: (count: number) => boolean = () => true): Generator<ConversationColumns> {
    const table = this.#conversations;
    // Good until there are more.
    if (this.#byPlace?.order.length !== table.size || this.#byPlace.ends.length !== this.#places.length)
      this.#byPlace = rowsByPlace(table, this.#places.length);
    return conversationColumns(table, this.#places, this.#byPlace, rows, wanted);
  }

  /** Those that `conversationColumns` leaves out. */
  otherConversations(): ConversationSum[] {
    return [...this.#others.values()];
  }

  /** From the conversations, of which there are fewer than flows. */
  *applications(): Generator<ApplicationSum> {
    const sums = new SumTable();
    const from = this.#conversations;
    for (let row = 0; row < from.size; row++) {
      sums.add(from.key(row, 0), from.key(row, 3), 0, 0, from.sum(row, 0), from.sum(row, 1), from.sum(row, 2));
    }
    for (const { place, protocol, port, flows, packets, octets } of this.#others.values()) {
      sums.add(place, protocol * 65_536 + port, 0, 0, flows, packets, octets);
    }
    for (let row = 0; row < sums.size; row++) {
      const application = sums.key(row, 1);
      const place = this.#place(sums.key(row, 0));
      yield { ...place, protocol: application >>> 16, port: application & 0xffff, ...totals(sums, row) };
    }
  }

  #placeOf(exporter: string, receivedAtMs: number): number {
    const minuteMs = receivedAtMs >= 0 ? Math.floor(receivedAtMs / minute) * minute : 0;
    const key = `${minuteMs} ${exporter}`;
    const known = this.#placeNumbers.get(key);
    if (known !== undefined) return known;
    this.#placeNumbers.set(key, this.#places.length);
    return this.#places.push({ minuteMs, exporter }) - 1;
  }

  #place(number: number): { minuteMs: number; exporter: string } {
    return this.#places[number] ?? { minuteMs: 0, exporter: '0.0.0.0' };
  }
}

const wordOf = (protocol: number, port: number): number => protocol * 65_536 + (withPorts.has(protocol) ? port : 0);

const totals = (of: SumTable, row: number): Totals => ({
  flows: of.sum(row, 0),
  packets: of.sum(row, 1),
  octets: of.sum(row, 2),
});

function addTo(sum: Totals, more: Totals): void {
  sum.flows += more.flows;
  sum.packets += more.packets;
  sum.octets += more.octets;
}
