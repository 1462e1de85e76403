import { flowPackArrays, flowPackColumns } from './put-flow-packs.ts';
import { fieldsOf } from './read-tuples.ts';

const headBytes = 20;

/** A tuple of `flow_pack` as tuples of the same columns with one flow each. */
export function flowsOfPack(pack: Buffer): Buffer[] {
  const fields = fieldsOf(pack);
  const flowsField = flowPackColumns.indexOf('flows');
  const flows = fields[flowsField]?.readInt32BE(0) ?? 0;
  const elements = fields.map((field, index) => (isArray(index) && field ? elementsOf(field) : null));
  return Array.from({ length: flows }, (_, flow) =>
    tupleOf(
      fields.map((field, index) => {
        if (index === flowsField) return numberOf(1);
        const all = elements[index];
        if (!field || !all) return field;
        return Buffer.concat([numberOf(1), field.subarray(4, 12), numberOf(1), numberOf(1), elementAt(all, flow)]);
      }),
    ),
  );
}

/** The fields of a pack by column, those of its first flow. Octets of the elements; null: none. */
export function firstOfPack(pack: Buffer): Map<string, Buffer | null> {
  const fields = fieldsOf(pack).map((field, index) => {
    if (!field || !isArray(index)) return field;
    return elementAt(elementsOf(field), 0).subarray(4);
  });
  return new Map(flowPackColumns.map((name, index) => [name, fields[index] ?? null]));
}

const isArray = (index: number): boolean => index >= flowPackArrays.from && index < flowPackArrays.end;

/** With their lengths in front. */
function elementsOf(array: Buffer): Buffer[] {
  const elements: Buffer[] = [];
  for (let at = headBytes; at < array.length;) {
    const end = at + 4 + array.readInt32BE(at);
    elements.push(array.subarray(at, end));
    at = end;
  }
  return elements;
}

/** One stands for all where all are alike. */
const elementAt = (elements: readonly Buffer[], flow: number): Buffer =>
  elements[elements.length === 1 ? 0 : flow] ?? Buffer.alloc(4);

function tupleOf(fields: readonly (Buffer | null)[]): Buffer {
  const count = Buffer.alloc(2);
  count.writeInt16BE(fields.length);
  return Buffer.concat([
    count,
    ...fields.flatMap((field) => (field ? [numberOf(field.length), field] : [numberOf(-1)])),
  ]);
}

function numberOf(value: number): Buffer {
  const octets = Buffer.alloc(4);
  octets.writeInt32BE(value);
  return octets;
}
