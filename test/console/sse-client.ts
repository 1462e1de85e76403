import type { CloudEvent } from '@hotstandby/ports';

export interface SseClient {
  events: CloudEvent[];
  /** The last `id:` that came. */
  lastId(): string;
  status: number;
  comments: string[];
  close(): void;
  /** Resolves when the server ended it. */
  ended: Promise<void>;
}

/** Reads server-sent events as a browser does (WHATWG HTML section 9.2.6). */
export async function openSse(url: string, headers: Record<string, string> = {}): Promise<SseClient> {
  const stopping = new AbortController();
  const response = await fetch(url, { headers, signal: stopping.signal });
  const events: CloudEvent[] = [];
  const comments: string[] = [];
  let lastId = '';
  const read = async () => {
    let rest = '';
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) {
      rest += decoder.decode(chunk as Uint8Array, { stream: true });
      const messages = rest.split('\n\n');
      rest = messages.pop() ?? '';
      for (const message of messages) {
        for (const line of message.split('\n')) {
          if (line.startsWith(':')) comments.push(line.slice(1).trim());
          if (line.startsWith('id: ')) lastId = line.slice(4);
          if (line.startsWith('data: ')) events.push(JSON.parse(line.slice(6)) as CloudEvent);
        }
      }
    }
  };
  const ended = read().catch(() => {});
  return { events, comments, lastId: () => lastId, status: response.status, close: () => stopping.abort(), ended };
}
