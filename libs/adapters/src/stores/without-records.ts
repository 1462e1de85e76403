import { CodedError } from '@hotstandby/contracts';
import type { History, RecordReader } from '@hotstandby/ports';

/** For a store that holds the lease and the history only: says so, and whether it answers. */
export function withoutRecords(
  history: History & { close(): Promise<void> },
): RecordReader & { close(): Promise<void> } {
  return {
    last: () =>
      Promise.reject(new CodedError('HS_STORE_NO_RECORDS', 'the store is a SQL Server, which holds no records yet')),
    async counts() {
      await history.list(1);
      return { syslog: 0, trap: 0, flow: 0 };
    },
    close: () => history.close(),
  };
}
