import type { CloudEvent } from '@hotstandby/ports';

/** Tells a client how long to wait before it comes again (WHATWG HTML, "Server-sent events", field `retry`). */
export function sseRetry(ms: number): string {
  return `retry: ${Math.round(ms)}\n\n`;
}

/** Ignored by clients; keeps the connection alive through proxies, and finds out that a client has gone. */
export function sseComment(text: string): string {
  return `: ${text.replaceAll(/[\r\n]+/g, ' ')}\n\n`;
}

/**
 * An event as one message. It has no `event:` field, so that a plain `onmessage` sees every type; the type is in the
 * data. An id that no header could carry back is left out.
 */
export function sseEvent(event: CloudEvent): string {
  const id = /^[\x21-\x7e]+$/.test(event.id) ? `id: ${event.id}\n` : '';
  // JSON has no raw line breaks: one `data:` line.
  return `${id}data: ${JSON.stringify(event)}\n\n`;
}
