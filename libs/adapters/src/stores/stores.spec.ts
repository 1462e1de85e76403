import { expect, it } from 'vitest';
import { openHistory, openLeaseStore, openRecordReader } from './index.ts';

const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const options = (url: string) => ({ store: { url, schema: 's' }, cluster: 'c', log });

it.each([
  ['postgresql://u@203.0.113.1:1/d', 'Postgres'],
  ['postgres://u@203.0.113.1:1,203.0.113.2:1/d', 'Postgres'],
  ['mssql://u@203.0.113.1:1/d?encrypt=strict', 'Mssql'],
])('opens for %s what speaks to it, and nothing is reached for', async (url, prefix) => {
  const parts = [
    await openLeaseStore(options(url)),
    await openHistory(options(url)),
    await openRecordReader(options(url)),
  ];
  expect(parts[0]?.constructor.name).toBe(`${prefix}LeaseStore`);
  expect(parts[1]?.constructor.name).toBe(`${prefix}History`);
  for (const part of parts) await part.close();
});

it('says of a store without records that it has none', async () => {
  const reader = await openRecordReader(options('mssql://u@203.0.113.1:1/d'));
  await expect(reader.last('syslog', 5)).rejects.toMatchObject({ code: 'HS_STORE_NO_RECORDS' });
  await reader.close();
});

it('refuses what is no store', async () => {
  await expect(openLeaseStore(options('mysql://u@h/d'))).rejects.toMatchObject({ fault: 'refused' });
});
