import type { Clock, Logger } from '@hotstandby/ports';
import { openKernelSocket, type KernelSocket } from './kernel-socket.ts';
import { NftGate } from './nft-gate.ts';
import type { GateNames } from './ruleset.ts';

/** The gate that is told of each grant by netlink where that was compiled, else through nft, which is told once. */
export function openGate(
  parts: { place: GateNames; clock: Clock; log: Logger },
  openSocket: () => KernelSocket | string = openKernelSocket,
): NftGate {
  const { place, clock, log } = parts;
  const socket = openSocket();
  if (typeof socket !== 'string') return new NftGate({ place, clock, socket });
  const note = `netlink cannot be used: ${socket}`;
  log.warn('the kernel is told of each grant through nft, at five to ten times the processor time', { why: note });
  return new NftGate({ place, clock, note });
}
