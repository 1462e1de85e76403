export * from './connect-nats.ts';
