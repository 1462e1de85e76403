// Two receivers behind one port: recvmmsg on threads of their own (native/, compiled at set-up), and node:dgram, one datagram
// a system call, which works without a compiler.
export { ForwardSink, type ForwardSinkOptions } from './forward-sink.ts';
export { filterSocket } from './filter-socket.ts';
export { DgramReceiver } from './dgram-receiver.ts';
export { loadNativeAddon } from './native-addon.ts';
export { defaultNativeOptions, NativeReceiver } from './native-receiver.ts';
export { openReceiver } from './open-receiver.ts';
export { originalSourceLack } from './original-source.ts';
