import { recordStoreConformance } from '@hotstandby/testing/conformance';
import { it } from 'vitest';
import { mssqlRecordHarness } from './mssql-record-harness.ts';
import { mssqlFromEnvironment } from './mssql-server.ts';

const server = mssqlFromEnvironment();

if (server) recordStoreConformance('SQL Server', () => mssqlRecordHarness(server));
else it.skip('record store on SQL Server: NOT RUN, because HOTSTANDBY_TEST_MSSQL_URL names no server', () => {});
