import type { Retention } from '@hotstandby/ports';
import type { PostgresOptions } from './options.ts';
import {
  dropPartitions,
  makePartitions,
  partitionedTableNames,
  partitionedTables,
  type PartitionedTable,
} from './partitions.ts';
import type { SessionPool } from './session-pool.ts';

/** Partitions for the next days are looked after this often, and sooner after a failure. */
const lookEveryMs = 3_600_000;
const retryMs = 60_000;

const retentionOf: Record<PartitionedTable, keyof Retention> = {
  syslog_message: 'syslogMs',
  snmp_trap: 'trapMs',
  flow_row: 'flowMs',
  flow_pack: 'flowMs',
  traffic_part: 'minuteMs',
  applications_part: 'minuteMs',
  conversations_part: 'minuteMs',
  conversations_pack: 'minuteMs',
};

/** What remains to be trimmed row by row. */
export interface Rest {
  rest: string;
  column: string;
  retentionMs: number;
}

/** Makes partitions ahead of time and drops old ones. */
export class PartitionUpkeep {
  readonly #pool: SessionPool;
  readonly #options: PostgresOptions;
  #lookedAtMs = -Infinity;

  constructor(pool: SessionPool, options: PostgresOptions) {
    this.#pool = pool;
    this.#options = options;
  }

  /** Never throws: rows of a day without a partition are stored in the table's rest. */
  async make(): Promise<void> {
    const nowMs = Date.now();
    if (Math.abs(nowMs - this.#lookedAtMs) < lookEveryMs) return;
    this.#lookedAtMs = nowMs;
    const { schema } = this.#options.store;
    try {
      await this.#pool.use((session) => makePartitions(session, this.#pool.timeoutMs(), schema, nowMs));
    } catch (error) {
      this.#lookedAtMs = nowMs - lookEveryMs + retryMs;
      this.#options.log.warn('partitions for the next days could not be made; it is tried again in a minute', {
        error: String(error),
      });
    }
  }

  async drop(retention: Retention): Promise<Rest[]> {
    const { schema } = this.#options.store;
    for (const table of partitionedTableNames) {
      const olderThanMs = Date.now() - retention[retentionOf[table]];
      await this.#pool.use((session) => dropPartitions(session, this.#pool.timeoutMs(), schema, table, olderThanMs));
    }
    return partitionedTableNames.map((table) => ({
      rest: `${table}_rest`,
      column: partitionedTables[table],
      retentionMs: retention[retentionOf[table]],
    }));
  }
}
