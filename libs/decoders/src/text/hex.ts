const pairs = Array.from({ length: 256 }, (_, value) => value.toString(16).padStart(2, '0'));

/** Octets as lower-case hex digits, without separators unless one is given. */
export function hexText(bytes: Uint8Array, separator = ''): string {
  let text = '';
  for (let index = 0; index < bytes.length; index += 1) {
    text += (index > 0 ? separator : '') + pairs[bytes[index] ?? 0];
  }
  return text;
}
