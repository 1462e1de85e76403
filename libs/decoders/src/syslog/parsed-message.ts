import type { SyslogRecord } from '../records.ts';

/** What is read out of a message's text. `note` says what is wrong with it although it could be read, null: nothing. */
export interface ParsedMessage extends Pick<
  SyslogRecord,
  'timestampMs' | 'hostname' | 'appName' | 'procId' | 'msgId' | 'structuredData' | 'message'
> {
  note: string | null;
}

/** Why a text is no message of the format it looked like. */
export interface ParseFault {
  fault: string;
}
