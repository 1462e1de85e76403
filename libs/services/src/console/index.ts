export * from './console-service.ts';
export * from './event-feed.ts';
export * from './sse.ts';
