import type { LeaseStore, LedgerReader, RecordReader, RecordStore, WriteGuard } from '@hotstandby/ports';
import { afterEach, beforeEach } from 'vitest';
import { claimAs } from './claim-as.ts';

export type SumView = 'traffic' | 'applications' | 'conversations';

/** An empty store of records on a real server, with what a test does to it from outside. Made anew for every test. */
export interface RecordStoreHarness {
  lease: LeaseStore;
  /** Another line to the store; closed by `close`. */
  open: (options?: { statementTimeoutMs?: number }) => RecordStore;
  reader: RecordReader;
  ledgerReader: LedgerReader;
  /** What the stores warned of. */
  warnings: () => string[];
  /** A view of sums: `minute` in ms since 1970, addresses as texts, everything else as numbers. */
  sums: (view: SumView) => Promise<Record<string, unknown>[]>;
  /** From now on a constraint by this name lets no syslog message of this text in. */
  refuseMessage: (constraint: string, message: string) => Promise<void>;
  /** As if every turn had been renewed so much earlier. */
  ageTurns: (seconds: number) => Promise<void>;
  /** Connections open, nothing answers, until `thaw`. */
  freeze: () => void;
  thaw: () => void;
  /** Ends every connection; restarts the server where that may be done. */
  interrupt: () => Promise<void>;
  close: () => Promise<void>;
}

export type MakeRecordHarness = () => Promise<RecordStoreHarness>;

/** What a test works on. */
export interface RecordWorld extends RecordStoreHarness {
  store: RecordStore;
  /** Of node a, which holds the lease. */
  guard: WriteGuard;
}

/** To be called within `describe`: a world for each test, asked for while it runs. */
export function worldForEachTest(make: MakeRecordHarness): () => RecordWorld {
  let world: RecordWorld;
  beforeEach(async () => {
    const harness = await make();
    const store = harness.open();
    await store.prepare();
    world = { ...harness, store, guard: await claimAs(harness.lease, 'a') };
  });
  afterEach(async () => {
    world.thaw();
    await world.close();
  });
  return () => world;
}
