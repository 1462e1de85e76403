import { expect, it } from 'vitest';
import { openHistory, openLeaseStore, openLedgerReader, openRecordReader, openRecordStore } from './index.ts';

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
    await openRecordStore(options(url)),
    await openRecordReader(options(url)),
    await openLedgerReader(options(url)),
  ];
  const kinds = ['LeaseStore', 'History', 'RecordStore', 'RecordReader', 'LedgerReader'];
  expect(parts.map((part) => part.constructor.name)).toEqual(kinds.map((kind) => `${prefix}${kind}`));
  for (const part of parts) await part.close();
});

it('refuses what is no store', async () => {
  await expect(openLeaseStore(options('mysql://u@h/d'))).rejects.toMatchObject({ fault: 'refused' });
});
