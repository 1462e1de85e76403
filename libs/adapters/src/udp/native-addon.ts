import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** What `native/addon.c`, `original-source.c` and `socket-filter.c` export; their heads say what each does. */
export interface NativeAddon {
  open(
    options: {
      address: string;
      port: number;
      kind: number;
      receiveBufferBytes: number;
      frameBytes: number;
      frameDelayMs: number;
      ringFrames: number;
      merge: boolean;
    },
    onFrame: (...frame: [Uint8Array, number] | [null, string]) => void,
  ): { handle: object; receiveBufferBytes: number; port: number };
  handOn(handle: object): void;
  send(handle: object, bytes: Uint8Array, address: string, port: number): void;
  look(
    handle: object,
  ): [drops: number, unread: number, ring: number, datagrams: number, calls: number, waits: number, handedOn: number];
  close(handle: object): void;
  openOriginal(address: string, port: number): object;
  sendOriginal(handle: object, bytes: Uint8Array, sourceAddress: string, sourcePort: number): string | null;
  closeOriginal(handle: object): void;
  filterSocket(fd: number, program: Uint8Array | null): string | null;
  version: number;
}

const expectedVersion = 4;

/** Beside the bundle, else where set-up compiled it: in the clone, seen from the bundle and from this source. */
const places = [
  './udp-batch.node',
  '../../../.hotstandby/native/udp-batch.node',
  '../../../../.hotstandby/native/udp-batch.node',
];

let loaded: NativeAddon | string | null = null;

/** The compiled receiver, or in words why it cannot be used. */
export function loadNativeAddon(): NativeAddon | string {
  loaded ??= tryPlaces();
  return loaded;
}

function tryPlaces(): NativeAddon | string {
  let why = 'it was not compiled';
  for (const place of places) {
    const file = fileURLToPath(new URL(place, import.meta.url));
    if (!existsSync(file)) continue;
    try {
      const module: { exports: Partial<NativeAddon> } = { exports: {} };
      process.dlopen(module as NodeJS.Module, file);
      if (module.exports.version === expectedVersion) return module.exports as NativeAddon;
      why = `${file} is of another version`;
    } catch (error) {
      why = error instanceof Error ? error.message : String(error);
    }
  }
  return why;
}
