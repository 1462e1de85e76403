import type { RecordPlan, Slot } from './record-plan.ts';

/** Where a field lies in a record. */
export interface Place {
  offset: number;
  lengthBytes: number;
}

/** Where in the records of a template the columns' values are; null: the exporter does not say. */
export interface PlainPlan {
  recordBytes: number;
  source: number;
  destination: number;
  sourcePort: Place | null;
  destinationPort: Place | null;
  protocol: Place | null;
  packets: Place | null;
  octets: Place | null;
  input: Place | null;
  output: Place | null;
}

/** Longer fields may hold what no record's field does; such templates are read record by record. */
const mostBytes: Partial<Record<Slot, number>> = {
  sourcePort: 2,
  destinationPort: 2,
  protocol: 1,
  packets: 8,
  octets: 8,
  inputInterface: 4,
  outputInterface: 4,
};

const plans = new WeakMap<RecordPlan, PlainPlan | false>();

/** False: the records of this template are no plain flows between IPv4 addresses of one length. */
export function plainPlanOf(plan: RecordPlan): PlainPlan | false {
  let made = plans.get(plan);
  if (made === undefined) {
    made = make(plan);
    plans.set(plan, made);
  }
  return made;
}

function make({ template, fields }: RecordPlan): PlainPlan | false {
  if (template.scopeFields !== null) return false;
  const places = new Map<Slot, Place>();
  let offset = 0;
  for (const { lengthBytes, slot } of fields) {
    if (lengthBytes === null) return false;
    if (slot !== null) {
      if (lengthBytes > (mostBytes[slot] ?? lengthBytes)) return false;
      places.set(slot, { offset, lengthBytes });
    }
    offset += lengthBytes;
  }
  const source = places.get('sourceIPv4');
  const destination = places.get('destinationIPv4');
  if (!source || !destination || places.has('sourceIPv6') || places.has('destinationIPv6')) return false;
  // A record that counts nothing is no flow.
  if (!places.has('packets') && !places.has('octets')) return false;
  return {
    recordBytes: offset,
    source: source.offset,
    destination: destination.offset,
    sourcePort: places.get('sourcePort') ?? null,
    destinationPort: places.get('destinationPort') ?? null,
    protocol: places.get('protocol') ?? null,
    packets: places.get('packets') ?? null,
    octets: places.get('octets') ?? null,
    input: places.get('inputInterface') ?? null,
    output: places.get('outputInterface') ?? null,
  };
}
