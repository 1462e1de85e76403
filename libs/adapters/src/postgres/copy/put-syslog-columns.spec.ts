import { decodeSyslog, decodeSyslogColumns, SyslogColumns } from '@hotstandby/decoders';
import { expect, it } from 'vitest';
import { syslogColumns } from '../record-columns.ts';
import { putRecord } from './put-record.ts';
import { putSyslogColumns } from './put-syslog-columns.ts';
import { fieldsOf, tuplesIn } from './read-tuples.ts';
import { TupleWriter } from './tuple-writer.ts';

const data = 11;
const into = new TupleWriter();

/** Fields in hex; JSON as the value that it says. */
function rows(put: () => void) {
  put();
  return [...tuplesIn(into.take() ?? Buffer.alloc(0))].map((tuple) =>
    fieldsOf(tuple).map((octets, index) =>
      octets && index === data
        ? [octets[0], JSON.parse(octets.subarray(1).toString()) as unknown]
        : (octets?.toString('hex') ?? null),
    ),
  );
}

it('writes the tuples that records of the same messages become', () => {
  expect(syslogColumns[data - 1]?.name).toBe('structured_data');
  const long = 'x'.repeat(200);
  const texts = [
    `<34>1 2026-11-21T09:01:02.003Z host app 1 ID [a@1 x="1" y="${long}"][b] hello`,
    '<191>1 - - - - - -',
    `<0>Nov 21 09:01:02 host app[12]: ${long}`,
    '<13>Nov  1 09:01:02 host app: ',
    '<13>1 2026-11-21T09:01:02Z host app - - - hello',
  ];
  const addresses = ['192.0.2.1', '192.0.2.1', '2001:db8::1', 'fe80::1%eth0', '192.0.2.2'];
  const memory = Buffer.from(texts.join(''));
  const columns = new SyslogColumns();
  let at = 0;
  const records = texts.map((text, index) => {
    const bytes = new Uint8Array(memory.buffer, memory.byteOffset + at, text.length);
    at += text.length;
    const context = { sourceAddress: addresses[index] ?? '', receivedAtMs: 1_795_000_000_000.5 + index };
    expect(decodeSyslogColumns(bytes, context, columns)).toBe(true);
    return decodeSyslog(bytes, context);
  });
  const expected = rows(() => records.forEach((record) => putRecord(into, 5, syslogColumns, record)));
  expect(expected).toHaveLength(texts.length);
  expect(rows(() => putSyslogColumns(into, 5, columns))).toEqual(expected);
});
