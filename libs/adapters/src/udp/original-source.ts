import { isIPv4, isIPv6 } from 'node:net';
import type { Datagram } from '@hotstandby/ports';
import { loadNativeAddon, type NativeAddon } from './native-addon.ts';

/**
 * Sends datagrams under the address and port that they came from (native/original-source.c). It takes Linux, CAP_NET_RAW and the
 * compiled receiver; nothing on the host is changed.
 */
export class OriginalSource {
  readonly #addon: NativeAddon;
  readonly #handle: object;
  readonly #to: string;

  private constructor(addon: NativeAddon, handle: object, to: string) {
    this.#addon = addon;
    this.#handle = handle;
    this.#to = to;
  }

  /** Or why it cannot be, in words. */
  static open(to: { address: string; port: number }): OriginalSource | string {
    const addon = loadNativeAddon();
    if (typeof addon === 'string') return `the native receiver, which does it, cannot be used: ${addon}`;
    try {
      return new OriginalSource(addon, addon.openOriginal(to.address, to.port), to.address);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      return code === 'EPERM' ? 'it takes CAP_NET_RAW, which this process does not have' : message;
    }
  }

  /**
   * Whether a datagram from this address can keep it on its way: not to the other family, nor does one of a single host
   * (loopback) or a single link mean anything on another.
   */
  keeps(sourceAddress: string): boolean {
    if (isIPv4(this.#to))
      return (
        isIPv4(sourceAddress) && (isLoopback(this.#to) || !isLoopback(sourceAddress)) && sourceAddress !== '0.0.0.0'
      );
    return isIPv6(sourceAddress) && !isLinkLocal(sourceAddress) && (isLoopback(this.#to) || !isLoopback(sourceAddress));
  }

  /** Null, or why the kernel did not take it: an errno name. */
  send({ bytes, sourceAddress, sourcePort }: Pick<Datagram, 'bytes' | 'sourceAddress' | 'sourcePort'>): string | null {
    return this.#addon.sendOriginal(this.#handle, bytes, sourceAddress, sourcePort);
  }

  close(): void {
    this.#addon.closeOriginal(this.#handle);
  }
}

const isLoopback = (address: string): boolean => address.startsWith('127.') || address === '::1';
const isLinkLocal = (address: string): boolean => /^fe[89ab]/i.test(address);

/** Why this process cannot forward under original addresses, in words; null: it can. Opens a socket for a moment. */
export function originalSourceLack(to: { address: string; port: number }): string | null {
  const opened = OriginalSource.open(to);
  if (typeof opened === 'string') return opened;
  opened.close();
  return null;
}
