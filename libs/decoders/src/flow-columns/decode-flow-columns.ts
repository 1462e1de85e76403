import { readMessageHeader } from '../netflow/message.ts';
import type { TemplateCache } from '../netflow/template-cache.ts';
import type { DatagramContext } from '../records.ts';
import { columnPlanOf } from './column-plan.ts';
import type { FlowColumns } from './flow-columns.ts';
import { readV5Columns } from './read-v5-columns.ts';

const setHeaderBytes = 4;
const firstDataSet = 256;

/**
 * The flows of a datagram as rows behind those that are there, where it is NetFlow version 5, or version 9 or IPFIX with nothing
 * but flows of known templates that columns hold without losing anything: then true. Else false, nothing was added, and
 * `decodeFlows` reads it: whatever it teaches (templates, options), and whatever else it holds. Never throws.
 */
export function decodeFlowColumns(
  bytes: Uint8Array,
  context: DatagramContext,
  templates: TemplateCache,
  into: FlowColumns,
): boolean {
  if (bytes.length < 2) return false;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = view.getUint16(0);
  if (version === 5) return readV5Columns(view, context.sourceAddress, context.receivedAtMs, into);
  if (version !== 9 && version !== 10) return false;
  const before = into.count;
  if (addSets(view, version, context, templates, into)) return true;
  into.truncate(before);
  return false;
}

function addSets(
  view: DataView,
  version: 9 | 10,
  { sourceAddress: exporter, receivedAtMs }: DatagramContext,
  templates: TemplateCache,
  into: FlowColumns,
): boolean {
  const header = readMessageHeader(view, version);
  if (!header || header.fault !== null) return false;
  const { observationDomain, end } = header;
  header.bootMs ??= templates.systemInitMs(exporter, observationDomain);
  let at = header.start;
  while (end - at >= setHeaderBytes) {
    const id = view.getUint16(at);
    const length = view.getUint16(at + 2);
    if (id < firstDataSet || length < setHeaderBytes || length > end - at) return false;
    const known = templates.get({ exporter, version, observationDomain, templateId: id });
    const plan = known ? columnPlanOf(known, into.holds) : 'none';
    if (plan === 'none') return false;
    const { recordBytes, fields, absent, shape } = plan;
    // What is left and shorter than a record is padding (RFC 7011 section 3.3.1).
    const records = Math.floor((length - setHeaderBytes) / recordBytes);
    into.reserve(records, shape.extra.length);
    const { slots, count: row } = into;
    const behind = row + records;
    const first = at + setHeaderBytes;
    for (const { slot, offset, loop } of fields) {
      // The plan has a loop for the type of each column.
      if (!loop(slots[slot] as never, view, first + offset, recordBytes, row, behind, header)) return false;
    }
    for (const slot of absent) slots[slot]?.fill(0, row, behind);
    into.endRun(shape, exporter, observationDomain, receivedAtMs, behind);
    at += length;
  }
  return at === end;
}
