// The few web-standard globals that ports and services may use; everything else of the platform reaches them as a port.
interface AbortSignal {
  readonly aborted: boolean;
  readonly reason: unknown;
  throwIfAborted(): void;
  addEventListener(type: 'abort', listener: () => void, options?: { once?: boolean }): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}
declare var AbortController: { new (): { readonly signal: AbortSignal; abort(reason?: unknown): void } };
