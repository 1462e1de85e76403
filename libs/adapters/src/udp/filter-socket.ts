import { loadNativeAddon } from './native-addon.ts';

/**
 * Gives a socket of this process a filter (a program of classic BPF, as `struct sock_filter`s), or takes it off (null). Null, or in words
 * why it cannot be: it takes the compiled receiver.
 */
export function filterSocket(fd: number, program: Uint8Array | null): string | null {
  const addon = loadNativeAddon();
  return typeof addon === 'string' ? addon : addon.filterSocket(fd, program);
}
