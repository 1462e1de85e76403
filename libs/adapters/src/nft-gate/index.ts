export { openKernelSocket, type KernelSocket } from './kernel-socket.ts';
export { NftGate } from './nft-gate.ts';
export { openGate } from './open-gate.ts';
