import type { NameChange } from '@hotstandby/ports';

/** Beside the name, so that a grant of rights on it gives none on anything else. */
export const markerName = (name: string): string => `_hotstandby.${name}`;

export interface UpdateTarget {
  server: { address: string; port: number };
  name: string;
  zone: string;
  /** Lines before all others. */
  preamble: readonly string[];
}

/** The input of nsupdate for one transaction (RFC 2136): the prerequisite, and all records at once or none. */
export function updateScript({ server, name, zone, preamble }: UpdateTarget, change: NameChange): string {
  const marker = `${markerName(name)}.`;
  const expected = change.onlyIfMarkers.map((text) => `prereq yxrrset ${marker} TXT ${quoted(text)}`);
  const lines = [
    ...preamble,
    `server ${server.address} ${server.port}`,
    `zone ${zone}.`,
    ...(expected.length > 0 ? expected : [`prereq nxrrset ${marker} TXT`]),
    `update delete ${name}. A`,
    `update delete ${name}. AAAA`,
    `update delete ${marker} TXT`,
    ...change.addresses.map(
      (address) => `update add ${name}. ${change.ttlSeconds} ${address.includes(':') ? 'AAAA' : 'A'} ${address}`,
    ),
    `update add ${marker} ${change.ttlSeconds} TXT ${quoted(change.marker)}`,
    'send',
  ];
  return `${lines.join('\n')}\n`;
}

/**
 * An update that can never happen: the prerequisites contradict each other, and what it asks to remove is nowhere. A server
 * checks signature, clock and, if it is a newer BIND, the rights on each record before the prerequisites.
 */
export function rehearsalScript({ server, name, zone, preamble }: UpdateTarget): string {
  const marker = `${markerName(name)}.`;
  const lines = [
    ...preamble,
    `server ${server.address} ${server.port}`,
    `zone ${zone}.`,
    `prereq yxrrset ${marker} TXT "rehearsal"`,
    `prereq nxrrset ${marker} TXT`,
    `update delete ${name}. A 0.0.0.0`,
    `update delete ${name}. AAAA ::`,
    `update delete ${marker} TXT "rehearsal"`,
    'send',
  ];
  return `${lines.join('\n')}\n`;
}

/** A character string of RFC 1035 section 5.1: whatever a server said stays one word on its line. */
export function quoted(text: string): string {
  const escaped = [...Buffer.from(text, 'utf8')].map((byte) =>
    byte < 0x20 || byte > 0x7e || byte === 0x22 || byte === 0x5c || byte === 0x3b
      ? `\\${byte.toString().padStart(3, '0')}`
      : String.fromCodePoint(byte),
  );
  return `"${escaped.join('')}"`;
}
