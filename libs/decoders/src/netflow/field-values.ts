import { ipv4Text, ipv6Text } from '../text/address.ts';
import { decodeText } from '../text/decode-text.ts';
import { hexText } from '../text/hex.ts';
import type { ElementKind } from './information-elements.ts';

/** The datagram that a field lies in. */
export interface Octets {
  bytes: Uint8Array;
  view: DataView;
}

/** One to eight bytes, big-endian; a bigint only where a number would not be exact for sure. */
export function unsignedAt(view: DataView, offset: number, lengthBytes: number): number | bigint {
  switch (lengthBytes) {
    case 1:
      return view.getUint8(offset);
    case 2:
      return view.getUint16(offset);
    case 4:
      return view.getUint32(offset);
    case 8:
      return view.getBigUint64(offset);
    default: {
      let value = 0n;
      for (let index = 0; index < lengthBytes; index += 1)
        value = (value << 8n) | BigInt(view.getUint8(offset + index));
      return lengthBytes > 6 ? value : Number(value);
    }
  }
}

/** What `extra` may hold of an integer: a number where it is exact, else decimal digits. */
export function jsonUnsigned(value: number | bigint): number | string {
  return value <= Number.MAX_SAFE_INTEGER ? Number(value) : `${value}`;
}

/** ms since 1970, fractional, of the kinds that are times; the wire's own scale otherwise. */
export function timeMsAt(view: DataView, offset: number, kind: ElementKind): number {
  if (kind === 'seconds') return view.getUint32(offset) * 1000;
  if (kind === 'ntp') return ntpMs(view.getUint32(offset), view.getUint32(offset + 4));
  return Number(view.getBigUint64(offset));
}

const from1900To1970 = 2_208_988_800;

/** RFC 7011 section 6.1.9: seconds since 1900 in 32 bits, which begin anew in 2036, and 2^-32 seconds. */
function ntpMs(seconds: number, fraction: number): number {
  const since1970 = seconds >= from1900To1970 ? seconds - from1900To1970 : seconds + 2 ** 32 - from1900To1970;
  return since1970 * 1000 + Math.floor((fraction * 1000) / 2 ** 32);
}

/** A field as `extra` shows it: plain JSON. */
export function extraValue({ bytes, view }: Octets, kind: ElementKind, offset: number, lengthBytes: number): unknown {
  switch (kind) {
    case 'unsigned':
      return jsonUnsigned(unsignedAt(view, offset, lengthBytes));
    case 'boolean':
      // RFC 7011 section 6.1.5: 1 is true, 2 is false.
      return view.getUint8(offset) === 1;
    case 'ipv4':
      return ipv4Text(bytes, offset);
    case 'ipv6':
      return ipv6Text(bytes, offset);
    case 'mac':
      return hexText(bytes.subarray(offset, offset + lengthBytes), ':');
    case 'text':
      return decodeText(trimmed(bytes.subarray(offset, offset + lengthBytes))).text;
    case 'octets':
      return hexText(bytes.subarray(offset, offset + lengthBytes));
    case 'milliseconds':
      return jsonUnsigned(view.getBigUint64(offset));
    default:
      return timeMsAt(view, offset, kind);
  }
}

/** A text of fixed length is filled up with NUL. */
function trimmed(octets: Uint8Array): Uint8Array {
  let end = octets.length;
  while (end > 0 && octets[end - 1] === 0) end -= 1;
  return octets.subarray(0, end);
}
