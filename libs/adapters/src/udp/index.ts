// node:dgram takes one datagram a system call. A native receiver that takes batches (recvmmsg) will stand beside this one,
// behind the same port; this stays as what works without a compiler.
export { DgramReceiver } from './dgram-receiver.ts';
