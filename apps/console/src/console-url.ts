import type { ActiveNode } from '@hotstandby/contracts';

/** Where a node's console answers, without a slash at the end. */
export function consoleUrl({ address, consolePort }: ActiveNode): string {
  return `http://${address.includes(':') ? `[${address}]` : address}:${consolePort}`;
}
