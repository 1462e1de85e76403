export * from './services.ts';
export * from './subjects.ts';
export * from './channel.ts';
export * from './lease-messages.ts';
export * from './arbiter-api.ts';
export * from './events.ts';
export * from './error-codes.ts';
export * from './version.ts';
