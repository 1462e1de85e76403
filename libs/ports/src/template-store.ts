import type { PlainTemplate } from '@hotstandby/decoders';

export type { PlainTemplate };

/**
 * Flow templates that outlive a process and are known on both nodes: one for each exporter, version, observation domain and
 * id, the newest. What comes out of it is checked by the reader.
 */
export interface TemplateStore {
  /** Throws `CodedError` when it is not known to be kept; to be tried again. */
  put(template: PlainTemplate): Promise<void>;
  /** Hands over everything that is kept, and what comes, of this node and of the other; again after an outage. Ends with `signal`. */
  watch(handler: (template: unknown) => void, signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}
