export { decodeFrame } from './decode-frame.ts';
export type { DecodedFrame } from './decode-frame.ts';
export { kindOfFrame } from './kind-of-frame.ts';
export { sieveFrame } from './sieve-frame.ts';
export type { SievedFrame } from './sieve-frame.ts';
export { encodeFrame, FrameBuilder } from './frame-builder.ts';
export { frameTargetBytes } from './layout.ts';
export { kindNumbers } from './layout.ts';
export type { FramedDatagram } from './layout.ts';
