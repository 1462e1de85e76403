import type { Varbind } from '../records.ts';
import { ipv4Text } from '../text/address.ts';
import { decodeText } from '../text/decode-text.ts';
import { hexText } from '../text/hex.ts';
import { berTag, BerReader, signedInteger, smallInteger, unsignedInteger } from './ber-reader.ts';
import type { BerElement } from './ber-reader.ts';
import { objectIdentifierText } from './object-identifier.ts';

// RFC 2578 section 7.1 and RFC 3416 section 3.
const typeNames = new Map<number, string>([
  [berTag.integer, 'INTEGER'],
  [berTag.octetString, 'OCTET STRING'],
  [berTag.null, 'NULL'],
  [berTag.objectIdentifier, 'OBJECT IDENTIFIER'],
  [0x40, 'IpAddress'],
  [0x41, 'Counter32'],
  [0x42, 'Gauge32'],
  [0x43, 'TimeTicks'],
  [0x44, 'Opaque'],
  [0x46, 'Counter64'],
  [0x80, 'noSuchObject'],
  [0x81, 'noSuchInstance'],
  [0x82, 'endOfMibView'],
]);

/** The variable bindings of a PDU, in order. A fault goes to `reader`; what was read before it is given back. */
export function readVarbinds(reader: BerReader): Varbind[] {
  const varbinds: Varbind[] = [];
  const list = reader.expect(berTag.sequence, 'variable bindings');
  if (!list) return varbinds;
  const items = reader.inside(list);
  while (!items.done) {
    const varbind = readVarbind(items);
    if (varbind) varbinds.push(varbind);
  }
  if (items.fault !== null) reader.fail(items.fault);
  return varbinds;
}

function readVarbind(items: BerReader): Varbind | null {
  const element = items.expect(berTag.sequence, 'variable binding');
  if (!element) return null;
  const pair = items.inside(element);
  const name = pair.expect(berTag.objectIdentifier, 'variable name');
  const value = pair.next('variable value');
  const oid = name && objectIdentifierText(pair.bytes, name);
  if (!value || !oid) return items.fail(pair.fault ?? 'variable name: no object identifier');
  if (pair.offset < pair.end) return items.fail('variable binding: more than a name and a value');
  const type = typeNames.get(value.tag);
  if (type === undefined) return items.fail(`variable value: tag 0x${value.tag.toString(16)}`);
  const decoded = valueOf(pair.bytes, value);
  return decoded === undefined ? items.fail(`variable value: no ${type}`) : { oid, type, value: decoded };
}

/** undefined: the octets are no value of the type. */
function valueOf(bytes: Uint8Array, element: BerElement): unknown {
  switch (element.tag) {
    case berTag.integer:
      return smallInteger(bytes, element) ?? jsonInteger(signedInteger(bytes, element));
    case 0x41:
    case 0x42:
    case 0x43:
    case 0x46:
      return smallUnsigned(bytes, element) ?? jsonInteger(unsignedInteger(bytes, element));
    case berTag.octetString:
      return octets(bytes.subarray(element.start, element.end));
    case 0x44:
      return { hex: hexText(bytes.subarray(element.start, element.end)) };
    case berTag.objectIdentifier:
      return objectIdentifierText(bytes, element) ?? undefined;
    case 0x40:
      return element.end - element.start === 4 ? ipv4Text(bytes, element.start) : undefined;
    default:
      return null;
  }
}

function smallUnsigned(bytes: Uint8Array, element: BerElement): number | null {
  const value = smallInteger(bytes, element);
  // Agents leave the leading zero out.
  return value === null || value >= 0 ? value : value + 2 ** (8 * (element.end - element.start));
}

function jsonInteger(value: bigint | null): number | string | undefined {
  if (value === null) return undefined;
  return value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER)
    ? Number(value)
    : `${value}`;
}

/** Text when it is UTF-8 a person can read, else hex: an OCTET STRING may be a MAC address as well as a name. */
function octets(content: Uint8Array): string | { hex: string } {
  for (const octet of content) {
    if ((octet < 0x20 && octet !== 0x09 && octet !== 0x0a && octet !== 0x0d) || octet === 0x7f) {
      return { hex: hexText(content) };
    }
  }
  const { text, altered } = decodeText(content);
  return altered === null ? text : { hex: hexText(content) };
}
