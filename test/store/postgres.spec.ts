import { leaseStoreConformance } from '@hotstandby/testing/conformance';
import { afterAll, beforeAll } from 'vitest';
import { startPostgres, type Postgres } from '../parts/postgres.ts';
import { postgresHarness } from './postgres-harness.ts';

let server: Postgres;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server?.stop());

leaseStoreConformance('PostgreSQL', () => postgresHarness(server));
