import { informationElement } from './information-elements.ts';
import type { ElementKind } from './information-elements.ts';
import { isVariable, minimumRecordBytes } from './template.ts';
import type { PlainTemplate } from './template.ts';

/** The fields of `FlowRecord` that a template can fill. Addresses of both families may be in one template. */
export type Slot =
  | 'sourceIPv4'
  | 'sourceIPv6'
  | 'destinationIPv4'
  | 'destinationIPv6'
  | 'sourcePort'
  | 'destinationPort'
  | 'protocol'
  | 'packets'
  | 'octets'
  | 'start'
  | 'end'
  | 'startUptime'
  | 'endUptime'
  | 'startDelta'
  | 'endDelta'
  | 'inputInterface'
  | 'outputInterface'
  | 'tcpFlags'
  | 'tos';

/** How one field of a record is read. */
export interface FieldPlan {
  /** Its name in `extra`. */
  name: string;
  kind: ElementKind;
  /** null: variable. */
  lengthBytes: number | null;
  /** null: goes to `extra`. */
  slot: Slot | null;
  /** Padding: stepped over. */
  ignored: boolean;
}

/** A template made ready for its records: everything that can be decided once is. A compiled decoder would have its place here. */
export interface RecordPlan {
  template: PlainTemplate;
  /** Without those of no length: 511 of them beside one octet would make a datagram cost 500 times another. */
  fields: FieldPlan[];
  minimumBytes: number;
}

/** Which element fills a slot when a template has several: the first of the list that it has. The others go to `extra`. */
const preferences: readonly [Slot, readonly number[]][] = [
  ['sourceIPv4', [8]],
  ['sourceIPv6', [27]],
  ['destinationIPv4', [12]],
  ['destinationIPv6', [28]],
  ['sourcePort', [7, 180, 182]],
  ['destinationPort', [11, 181, 183]],
  ['protocol', [4]],
  ['packets', [2, 86, 298]],
  ['octets', [1, 85, 231]],
  ['inputInterface', [10, 252]],
  ['outputInterface', [14, 253]],
  ['tcpFlags', [6]],
  ['tos', [5]],
];
const startPreference: readonly [Slot, number][] = [
  ['start', 152],
  ['start', 154],
  ['start', 156],
  ['start', 150],
  ['startDelta', 158],
  ['startUptime', 22],
];
const endPreference: readonly [Slot, number][] = [
  ['end', 153],
  ['end', 155],
  ['end', 157],
  ['end', 151],
  ['endDelta', 159],
  ['endUptime', 21],
];

const paddingOctets = 210;
const fixedLengths: Partial<Record<ElementKind, readonly number[]>> = {
  unsigned: [1, 2, 3, 4, 5, 6, 7, 8],
  boolean: [1],
  ipv4: [4],
  ipv6: [16],
  mac: [6],
  seconds: [4],
  milliseconds: [8],
  ntp: [8],
};

export function planRecords(template: PlainTemplate): RecordPlan {
  const seen = new Map<string, number>();
  const fields = template.fields.map(([enterprise, number, length], index): FieldPlan => {
    const isScope = template.version === 9 && index < (template.scopeFields ?? 0);
    // The scopes of version 9 have numbers of their own (RFC 3954 section 6.1).
    const element = isScope ? undefined : informationElement(enterprise, number);
    const name = element?.name ?? (isScope ? `scope.${number}` : `${enterprise}.${number}`);
    const times = (seen.get(name) ?? 0) + 1;
    seen.set(name, times);
    const variable = isVariable(template.version, length);
    return {
      name: times === 1 ? name : `${name}#${times}`,
      kind: element && fits(element.kind, variable ? null : length) ? element.kind : 'octets',
      lengthBytes: variable ? null : length,
      slot: null,
      ignored: enterprise === 0 && number === paddingOctets && !isScope,
    };
  });
  const take = (slot: Slot, number: number) => {
    const name = informationElement(0, number)?.name;
    const field = fields.find((candidate) => candidate.name === name && candidate.kind !== 'octets');
    if (field) field.slot = slot;
    return field !== undefined;
  };
  for (const [slot, numbers] of preferences) numbers.some((number) => take(slot, number));
  startPreference.some(([slot, number]) => take(slot, number));
  endPreference.some(([slot, number]) => take(slot, number));
  const read = fields.filter(({ lengthBytes }) => lengthBytes !== 0);
  return { template, fields: read, minimumBytes: minimumRecordBytes(template) };
}

/** A length that the kind cannot have makes the field octets in hex, under its name. */
function fits(kind: ElementKind, lengthBytes: number | null): boolean {
  const lengths = fixedLengths[kind];
  return lengths === undefined || (lengthBytes !== null && lengths.includes(lengthBytes));
}
