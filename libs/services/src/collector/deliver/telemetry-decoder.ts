import {
  abandonPending,
  decodeFlowColumns,
  decodeFlows,
  decodePending,
  decodeSyslog,
  decodeSyslogColumns,
  decodeTrap,
  plainNotification,
  type FlowRecord,
  type PendingFlowSet,
  type PlainTemplate,
} from '@hotstandby/decoders';
import type { Datagram, SnmpSecurity } from '@hotstandby/ports';
import type { DatagramDecoder, Records } from './decoder.ts';
import { FlowTemplates } from './flow-templates.ts';
import { UnknownTemplates } from './unknown-templates.ts';

/** The decoders of all kinds, with the templates that flows need. */
export class TelemetryDecoder implements DatagramDecoder {
  readonly #security: SnmpSecurity | null;
  readonly #templates = new FlowTemplates();
  readonly #unknown = new UnknownTemplates();

  /** `security`: for SNMP version 3. */
  constructor(security: SnmpSecurity | null = null) {
    this.#security = security;
  }

  decode(datagram: Datagram, into: Records, final: boolean): boolean {
    switch (datagram.kind) {
      case 'syslog':
        if (!into.syslogColumns || !decodeSyslogColumns(datagram.bytes, datagram, into.syslogColumns))
          into.syslog.push(decodeSyslog(datagram.bytes, datagram));
        return true;
      case 'trap':
        into.traps.push(decodeTrap(datagram.bytes, datagram, this.#security));
        return true;
      case 'flow':
        return this.#decodeFlow(datagram, into, final);
    }
  }

  alike({ kind, bytes }: Datagram): Uint8Array {
    return (kind === 'trap' && this.#security && plainNotification(bytes, this.#security)) || bytes;
  }

  /** Takes the templates out of a datagram that somebody else delivers, or nobody; returns those that are new. */
  learn(datagram: Datagram): PlainTemplate[] {
    return this.#templates.watch(datagram);
  }

  /** A template that another process learned. */
  share(template: PlainTemplate): void {
    this.#templates.share(template);
  }

  version(): number {
    return this.#templates.version();
  }

  #decodeFlow(datagram: Datagram, into: Records, final: boolean): boolean {
    this.#templates.advanceTo(datagram.receivedAtMs);
    if (into.columns && decodeFlowColumns(datagram.bytes, datagram, this.#templates.known, into.columns)) return true;
    const { records, pending, learned } = decodeFlows(datagram.bytes, datagram, this.#templates.known);
    if (learned.length > 0) this.#templates.learned();
    for (const set of pending) {
      const flows = this.#decodePending(set, final);
      if (!flows) return false;
      for (const flow of flows) records.push(flow);
    }
    for (const record of records) into.flows.push(record);
    return true;
  }

  #decodePending(set: PendingFlowSet, final: boolean): FlowRecord[] | null {
    const flows = this.#templates.find(set) ? decodePending(set, this.#templates.known) : null;
    if (flows) {
      this.#unknown.came(set);
      return flows;
    }
    return this.#unknown.waitsFor(set, set.receivedAtMs, final) ? null : [abandonPending(set)];
  }
}
