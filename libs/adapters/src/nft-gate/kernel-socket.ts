import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { getSystemErrorName } from 'node:util';
import { CodedError } from '@hotstandby/contracts';

/** A socket by which the kernel's netfilter is told: a request is carried out and answered when `exchange` returns. */
export interface KernelSocket {
  /** The answers, message behind message, valid until the next call. Throws HS_BINDING_GATE when it is not known what the kernel did. */
  exchange(request: Uint8Array): Uint8Array;
  close(): void;
}

/** What `native/netfilter-socket.c` exports; its head says what each does. */
interface Addon {
  open(): object;
  exchange(handle: object, request: Uint8Array, answers: Uint8Array): number;
  close(handle: object): void;
  version: number;
}

const expectedVersion = 1;

/** Beside the bundle, else where set-up compiled it: in the clone, seen from the bundle and from this source. */
const places = [
  './netfilter-socket.node',
  '../../../.hotstandby/native/netfilter-socket.node',
  '../../../../.hotstandby/native/netfilter-socket.node',
];

/** An answer has 36 bytes, and no request of ours has a hundred messages. */
const answerRoom = 16_384;

/** A socket of this process's network namespace, or in words why there is none. */
export function openKernelSocket(): KernelSocket | string {
  const addon = load();
  if (typeof addon === 'string') return addon;
  try {
    return socketOf(addon, addon.open());
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function socketOf(addon: Addon, handle: object): KernelSocket {
  const answers = new Uint8Array(answerRoom);
  return {
    exchange(request) {
      const length = addon.exchange(handle, request, answers);
      if (length >= 0) return answers.subarray(0, length);
      throw new CodedError(
        'HS_BINDING_GATE',
        `the kernel's netfilter could not be told: ${getSystemErrorName(length)}`,
      );
    },
    close: () => addon.close(handle),
  };
}

function load(): Addon | string {
  let why = 'it was not compiled';
  for (const place of places) {
    const file = fileURLToPath(new URL(place, import.meta.url));
    if (!existsSync(file)) continue;
    try {
      const module: { exports: Partial<Addon> } = { exports: {} };
      process.dlopen(module as NodeJS.Module, file);
      if (module.exports.version === expectedVersion) return module.exports as Addon;
      why = `${file} is of another version`;
    } catch (error) {
      why = error instanceof Error ? error.message : String(error);
    }
  }
  return why;
}
