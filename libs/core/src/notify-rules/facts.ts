/** A fact of the ops stream, as far as alerts need it (a CloudEvent 1.0 with our extensions). */
export interface NotifyEvent {
  id: string;
  /** `/hotstandby/<cluster>/<node>/<service>` */
  source: string;
  type: string;
  /** RFC 3339, the emitting node's wall clock. */
  time: string;
  data: unknown;
  epoch?: number | undefined;
  rule?: string | undefined;
}

/** Where an event came from, and its data read with care: another version may have written it. */
export interface Facts {
  event: NotifyEvent;
  cluster: string;
  node: string;
  service: string;
  /** A field as one line of text; empty when it is not there. */
  text(field: string): string;
  number(field: string): number | null;
  flag(field: string): boolean;
}

export function factsOf(event: NotifyEvent): Facts {
  const [, , cluster = '', node = '', service = ''] = event.source.split('/');
  const isObject = typeof event.data === 'object' && event.data !== null;
  const data = isObject ? (event.data as Record<string, unknown>) : {};
  return {
    event,
    cluster: oneLine(cluster),
    node: oneLine(node) || 'unknown',
    service: oneLine(service),
    text(field) {
      const value = data[field];
      return typeof value === 'string' || typeof value === 'number' ? oneLine(`${value}`) : '';
    },
    number(field) {
      const value = data[field];
      return typeof value === 'number' && Number.isFinite(value) ? value : null;
    },
    flag: (field) => data[field] === true,
  };
}

/** Names and reasons come from elsewhere: in a subject or a line of a mail they stay one line of bounded length. */
export function oneLine(text: string): string {
  const flat = text.replace(/[\u0000-\u001f\u007f\u2028\u2029]+/g, ' ').trim();
  return flat.length > 500 ? `${flat.slice(0, 499)}…` : flat;
}
