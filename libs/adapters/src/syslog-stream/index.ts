export { StreamReceiver } from './stream-receiver.ts';
