import type { DatagramContext, FlowRecord } from '../records.ts';
import { readDataSet, systemInitOf } from './data-sets.ts';
import { emptyFlow } from './flow-record.ts';
import { learnStatement } from './learn-templates.ts';
import { readMessageHeader, walkSets } from './message.ts';
import type { FlowSet, MessageHeader } from './message.ts';
import { readNetflowV5 } from './netflow-v5.ts';
import { decodeSflow, isSflow } from '../sflow/decode-sflow.ts';
import type { PendingFlowSet } from './pending.ts';
import type { TemplateCache } from './template-cache.ts';
import { readTemplateSet, templateSetKind } from './template-sets.ts';
import type { PlainTemplate } from './template.ts';

/** What a flow datagram gives. */
export interface FlowResult {
  /** The flows; a datagram with a fault has one more at the end, with `malformed` and `raw`. */
  records: FlowRecord[];
  /** Sets whose template is not known yet: keep them, bounded, and try `decodePending` when something was learned. */
  pending: PendingFlowSet[];
  /** Templates that were not known, or known otherwise. */
  learned: PlainTemplate[];
  /** Templates that were withdrawn. */
  withdrawn: number;
  /** Records of options: recognised, not given. */
  optionsRecords: number;
  /** Sets with an id that no standard gives a meaning. */
  ignoredSets: number;
}

const firstDataSet = 256;

/** A datagram of a flow port: NetFlow version 5 and 9, IPFIX, sFlow version 5. `templates` is read and added to. Never throws. */
export function decodeFlows(bytes: Uint8Array, context: DatagramContext, templates: TemplateCache): FlowResult {
  const result: FlowResult = { records: [], pending: [], learned: [], withdrawn: 0, optionsRecords: 0, ignoredSets: 0 };
  if (isSflow(bytes)) return { ...result, records: decodeSflow(bytes, context) };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = bytes.length >= 2 ? view.getUint16(0) : null;
  if (version === 5) {
    const { records, fault } = readNetflowV5(bytes, view, context.sourceAddress, context.receivedAtMs);
    result.records = records;
    if (fault !== null) markMalformed(result, bytes, context, 5, fault);
  } else if (version === 9 || version === 10) {
    const header = readMessageHeader(view, version);
    const faults = header ? readSets(bytes, view, header, context, templates, result) : ['header is cut off'];
    if (faults.length > 0) markMalformed(result, bytes, context, version, faults.join('; '), header?.observationDomain);
  } else {
    markMalformed(result, bytes, context, null, version === null ? 'no version' : `version ${version} is not read`);
  }
  return result;
}

/** More would say nothing new, and the text would grow with the datagram. */
const mostFaults = 3;

function readSets(
  bytes: Uint8Array,
  view: DataView,
  header: MessageHeader,
  context: DatagramContext,
  templates: TemplateCache,
  result: FlowResult,
): string[] {
  const faults: string[] = [];
  const note = (fault: string | null) => {
    if (fault !== null && faults.length < mostFaults) faults.push(fault);
  };
  note(header.fault);
  const wrongLength = walkSets(view, header, (set) => {
    const kind = templateSetKind(header.version, set.id);
    if (kind !== null) {
      const { statements, fault } = readTemplateSet(view, header.version, set, kind);
      for (const statement of statements) note(learnStatement(statement, header, context, templates, result));
      note(fault);
    } else if (set.id >= firstDataSet) {
      note(readFlows(bytes, set, header, context, templates, result));
    } else {
      result.ignoredSets += 1;
    }
  });
  note(wrongLength);
  return faults;
}

function readFlows(
  bytes: Uint8Array,
  set: FlowSet,
  header: MessageHeader,
  context: DatagramContext,
  templates: TemplateCache,
  result: FlowResult,
): string | null {
  const { version, observationDomain, exportMs } = header;
  const exporter = context.sourceAddress;
  const plan = templates.get({ exporter, version, observationDomain, templateId: set.id });
  if (!plan) {
    // Nothing is in it, so there is nothing to wait for.
    if (set.start === set.end) return null;
    result.pending.push({
      exporter,
      version,
      observationDomain,
      templateId: set.id,
      receivedAtMs: context.receivedAtMs,
      exportMs,
      bootMs: header.bootMs,
      bytes: bytes.subarray(set.start, set.end),
    });
    return null;
  }
  const bootMs = header.bootMs ?? templates.systemInitMs(exporter, observationDomain);
  const data = readDataSet(bytes, set.start, set.end, plan, { exportMs, bootMs }, context.receivedAtMs);
  if (plan.template.scopeFields === null) {
    for (const record of data.records) result.records.push(record);
  } else {
    result.optionsRecords += data.records.length;
    const systemInitMs = systemInitOf(data.records);
    if (systemInitMs !== null) {
      templates.setSystemInit({ exporter, observationDomain, systemInitMs, learnedAtMs: context.receivedAtMs });
    }
  }
  return data.fault;
}

function markMalformed(
  result: FlowResult,
  bytes: Uint8Array,
  context: DatagramContext,
  version: FlowRecord['version'],
  malformed: string,
  observationDomain: number | null = null,
): void {
  const record = emptyFlow(context.sourceAddress, context.receivedAtMs, version, observationDomain);
  result.records.push({ ...record, malformed, raw: bytes });
}
