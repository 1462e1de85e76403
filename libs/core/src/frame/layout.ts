/**
 * The layout of a frame, all numbers big-endian:
 *
 * ```
 * frame    = magic u8 = 0xd6, version u8 = 1, reserved u16 = 0, count u32, then `count` datagrams
 * datagram = headerBytes u16, kind u8, addressBytes u8, sourcePort u16, localPort u16, receivedAtMs f64, payloadBytes u32,
 *            sourceAddress (ASCII), fields of later writers up to headerBytes, payload
 * ```
 *
 * `headerBytes` counts everything before the payload, so a reader skips what a later writer put behind the address
 * (a destination address, say) and the version stays 1. A change that an old reader would misread takes a new version.
 */
export const frameMagic = 0xd6;
export const frameVersion = 1;
export const frameHeaderBytes = 8;
export const datagramHeaderBytes = 20;

/** Longest source address that is kept: IPv6 text with a zone is far below. */
export const maxAddressBytes = 128;

/** What the frame is meant to hold at most: JetStream's throughput is best around 64 KiB a message. */
export const frameTargetBytes = 65_536;

/** One datagram as a frame keeps it; `Datagram` of the ports has this shape. */
export interface FramedDatagram {
  kind: 'syslog' | 'trap' | 'flow';
  sourceAddress: string;
  sourcePort: number;
  localPort: number;
  /** Wall clock at reception, ms since 1970. */
  receivedAtMs: number;
  bytes: Uint8Array;
}

export const kindNumbers = { syslog: 1, trap: 2, flow: 3 } as const satisfies Record<FramedDatagram['kind'], number>;
export const kindsByNumber: readonly (FramedDatagram['kind'] | undefined)[] = [undefined, 'syslog', 'trap', 'flow'];
