import type { FlowRecord } from '../records.ts';
import { readDataSet } from './data-sets.ts';
import { emptyFlow } from './flow-record.ts';
import type { ExportClock } from './flow-time.ts';
import type { TemplateCache } from './template-cache.ts';
import type { TemplateKey } from './template.ts';

/** A data set that came before its template, with everything that is needed to decode it later. */
export interface PendingFlowSet extends TemplateKey, ExportClock {
  receivedAtMs: number;
  /** The records of the set, without its header: a view into the datagram. Copy it where it is kept for long. */
  bytes: Uint8Array;
}

/** Decodes a set whose template may have come meanwhile; null: it has not. Options give an empty list. Never throws. */
export function decodePending(pending: PendingFlowSet, templates: TemplateCache): FlowRecord[] | null {
  const plan = templates.get(pending);
  if (!plan) return null;
  if (plan.template.scopeFields !== null) return [];
  const { exporter, observationDomain, exportMs, receivedAtMs, bytes } = pending;
  const bootMs = pending.bootMs ?? templates.systemInitMs(exporter, observationDomain);
  const { records, fault } = readDataSet(bytes, 0, bytes.length, plan, { exportMs, bootMs }, receivedAtMs);
  return fault === null ? records : [...records, malformedSet(pending, fault)];
}

/** The record of a set that is not waited for any longer: `raw` holds the content of the set. */
export function abandonPending(pending: PendingFlowSet): FlowRecord {
  return malformedSet(pending, `template ${pending.templateId} did not come`);
}

function malformedSet(pending: PendingFlowSet, malformed: string): FlowRecord {
  const { exporter, receivedAtMs, version, observationDomain, bytes } = pending;
  return { ...emptyFlow(exporter, receivedAtMs, version, observationDomain), malformed, raw: bytes };
}
