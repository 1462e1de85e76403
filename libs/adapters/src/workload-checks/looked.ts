import type { WorkloadCheck } from '@hotstandby/ports';

export type Looked = Awaited<ReturnType<WorkloadCheck['look']>>;

const words: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  EHOSTUNREACH: 'no way to the host',
  ENETUNREACH: 'no way to the network',
  ENOTFOUND: 'no such host name',
  ENOENT: 'no such file',
  EACCES: 'permission denied',
  ETIMEDOUT: 'no answer',
};

/** An error of the system as one short line. */
export function told(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  const text = (code && words[code]) ?? message ?? String(error);
  return text.split('\n')[0]?.slice(0, 200) ?? '';
}
