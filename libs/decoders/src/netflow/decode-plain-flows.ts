import type { DatagramContext } from '../records.ts';
import { plainPlanOf, type PlainPlan, type Place } from './plain-plan.ts';
import type { PlainFlows } from './plain-flows.ts';
import { readMessageHeader } from './message.ts';
import type { TemplateCache } from './template-cache.ts';

const headerBytes5 = 24;
const recordBytes5 = 48;
const setHeaderBytes = 4;
const firstDataSet = 256;

/**
 * The flows of a datagram as columns, where it holds nothing but whole records of known templates with IPv4 addresses:
 * then true. Else false, nothing was added, and `decodeFlows` reads it. Never throws.
 */
export function decodePlainFlows(
  bytes: Uint8Array,
  context: DatagramContext,
  templates: TemplateCache,
  into: PlainFlows,
): boolean {
  if (bytes.length < headerBytes5) return false;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = view.getUint16(0);
  const before = into.count;
  const whole =
    version === 5
      ? addVersion5(view, into)
      : (version === 9 || version === 10) && addSets(view, version, context, templates, into);
  if (whole) into.endRun(context.sourceAddress, context.receivedAtMs);
  else into.count = before;
  return whole;
}

function addVersion5(view: DataView, into: PlainFlows): boolean {
  const announced = view.getUint16(2);
  if (view.byteLength !== headerBytes5 + announced * recordBytes5) return false;
  into.reserve(announced);
  const { source, destination, ports, protocol, input, output, packets, octets } = into;
  let row = into.count;
  for (let at = headerBytes5; at < view.byteLength; at += recordBytes5) {
    source[row] = view.getUint32(at);
    destination[row] = view.getUint32(at + 4);
    input[row] = view.getUint16(at + 12);
    output[row] = view.getUint16(at + 14);
    packets[row] = view.getUint32(at + 16);
    octets[row] = view.getUint32(at + 20);
    ports[row] = view.getUint32(at + 32);
    protocol[row] = view.getUint8(at + 38);
    row += 1;
  }
  into.count = row;
  return true;
}

function addSets(
  view: DataView,
  version: 9 | 10,
  { sourceAddress: exporter }: DatagramContext,
  templates: TemplateCache,
  into: PlainFlows,
): boolean {
  const header = readMessageHeader(view, version);
  if (!header || header.fault !== null) return false;
  const { observationDomain, end } = header;
  let at = header.start;
  while (end - at >= setHeaderBytes) {
    const id = view.getUint16(at);
    const length = view.getUint16(at + 2);
    if (id < firstDataSet || length < setHeaderBytes || length > end - at) return false;
    const known = templates.get({ exporter, version, observationDomain, templateId: id });
    const plan = known && plainPlanOf(known);
    if (!plan || !addRecords(view, at + setHeaderBytes, at + length, plan, into)) return false;
    at += length;
  }
  return at === end;
}

/** What is left and shorter than a record is padding (RFC 7011 section 3.3.1). */
function addRecords(view: DataView, start: number, end: number, plan: PlainPlan, into: PlainFlows): boolean {
  const { recordBytes } = plan;
  const records = Math.floor((end - start) / recordBytes);
  into.reserve(records);
  const { source, destination, ports, protocol, input, output, packets, octets } = into;
  let row = into.count;
  const last = start + records * recordBytes;
  for (let at = start; at < last; at += recordBytes) {
    const packetCount = valueAt(view, at, plan.packets);
    const octetCount = valueAt(view, at, plan.octets);
    // The record has no such number: it is kept beside the columns.
    if (packetCount >= 2 ** 63 || octetCount >= 2 ** 63) return false;
    packets[row] = packetCount;
    octets[row] = octetCount;
    source[row] = view.getUint32(at + plan.source);
    destination[row] = view.getUint32(at + plan.destination);
    ports[row] = valueAt(view, at, plan.sourcePort) * 65_536 + valueAt(view, at, plan.destinationPort);
    protocol[row] = valueAt(view, at, plan.protocol);
    input[row] = valueAt(view, at, plan.input);
    output[row] = valueAt(view, at, plan.output);
    row += 1;
  }
  into.count = row;
  return true;
}

/** Beyond 2^53 it is the nearest number that JavaScript has. */
function valueAt(view: DataView, record: number, place: Place | null): number {
  if (place === null) return 0;
  const at = record + place.offset;
  switch (place.lengthBytes) {
    case 1:
      return view.getUint8(at);
    case 2:
      return view.getUint16(at);
    case 4:
      return view.getUint32(at);
    case 8:
      return view.getUint32(at) * 2 ** 32 + view.getUint32(at + 4);
    default: {
      let value = 0;
      for (let index = 0; index < place.lengthBytes; index += 1) value = value * 256 + view.getUint8(at + index);
      return value;
    }
  }
}
