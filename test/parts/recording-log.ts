import type { Logger, LogFields } from '@hotstandby/ports';

export interface RecordingLog extends Logger {
  lines: { level: string; message: string; fields: LogFields | undefined }[];
}

/** Keeps what is logged, for tests that check what people are told. */
export function recordingLog(): RecordingLog {
  const lines: RecordingLog['lines'] = [];
  const at = (level: string) => (message: string, fields?: LogFields) => void lines.push({ level, message, fields });
  return { lines, debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}
