import { leaseStoreConformance } from '@hotstandby/testing/conformance';
import { it } from 'vitest';
import { mssqlHarness } from './mssql-harness.ts';
import { mssqlFromEnvironment } from './mssql-server.ts';

const server = mssqlFromEnvironment();

if (server) leaseStoreConformance('SQL Server', () => mssqlHarness(server));
else it.skip('lease store on SQL Server: NOT RUN, because HOTSTANDBY_TEST_MSSQL_URL names no server', () => {});
