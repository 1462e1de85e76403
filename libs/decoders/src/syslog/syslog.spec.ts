import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeSyslog, readAnyMessage } from './decode-syslog.ts';
import { plainRfc3164 } from './plain-rfc3164.ts';
import { plainRfc5424 } from './plain-rfc5424.ts';

const receivedAtMs = Date.UTC(2026, 10, 21, 12, 30);
const decode = (text: string | Uint8Array, at = receivedAtMs) =>
  decodeSyslog(typeof text === 'string' ? new TextEncoder().encode(text) : text, {
    sourceAddress: '192.0.2.1',
    receivedAtMs: at,
  });

describe('RFC 5424', () => {
  test('section 6.5, example 1: without structured data, message with a byte order mark', () => {
    const message =
      "<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - \uFEFF'su root' failed for lonvick on /dev/pts/8";
    expect(decode(message)).toEqual({
      receivedAtMs,
      sourceAddress: '192.0.2.1',
      format: 'rfc5424',
      facility: 4,
      severity: 2,
      timestampMs: Date.UTC(2003, 9, 11, 22, 14, 15, 3),
      hostname: 'mymachine.example.com',
      appName: 'su',
      procId: null,
      msgId: 'ID47',
      structuredData: null,
      message: "'su root' failed for lonvick on /dev/pts/8",
      malformed: null,
      raw: null,
    });
  });

  test('example 2: offset and microseconds', () => {
    const record = decode(
      "<165>1 2003-08-24T05:14:15.000003-07:00 192.0.2.1 myproc 8710 - - %% It's time to make the do-nuts.",
    );
    expect(record).toMatchObject({ format: 'rfc5424', facility: 20, severity: 5, procId: '8710', malformed: null });
    expect(record.timestampMs).toBe(Date.UTC(2003, 7, 24, 12, 14, 15));
    expect(record.message).toBe("%% It's time to make the do-nuts.");
  });

  test('examples 3 and 4: structured data, with and without a message', () => {
    const data =
      '[exampleSDID@32473 iut="3" eventSource="Application" eventID="1011"][examplePriority@32473 class="high"]';
    const head = '<165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog - ID47 ';
    const structuredData = {
      'exampleSDID@32473': { iut: '3', eventSource: 'Application', eventID: '1011' },
      'examplePriority@32473': { class: 'high' },
    };
    expect(decode(`${head}${data}`)).toMatchObject({ structuredData, message: '', malformed: null });
    expect(decode(`${head}${data} \uFEFFAn event`)).toMatchObject({
      structuredData,
      message: 'An event',
      malformed: null,
    });
  });

  test('section 6.2.3.1, example 5: nanoseconds are read, and marked', () => {
    const record = decode('<165>1 2003-08-24T05:14:15.000000003-07:00 h a - - - m');
    expect(record).toMatchObject({ format: 'rfc5424', timestampMs: Date.UTC(2003, 7, 24, 12, 14, 15) });
    expect(record.malformed).toMatch(/6 digits/);
  });

  test('escapes: only quote, backslash and bracket are escaped', () => {
    const { structuredData } = decode('<13>1 - - - - - [x@1 a="q\\"b\\\\c\\]d" b="C:\\temp\\n" c=""] m');
    expect(structuredData).toEqual({ 'x@1': { a: 'q"b\\c]d', b: 'C:\\temp\\n', c: '' } });
  });

  test('a parameter that comes twice keeps both values, an SD-ID that comes twice is marked', () => {
    expect(decode('<13>1 - - - - - [origin ip="192.0.2.1" ip="192.0.2.2"]')).toMatchObject({
      structuredData: { origin: { ip: ['192.0.2.1', '192.0.2.2'] } },
      malformed: null,
    });
    const twice = decode('<13>1 - - - - - [x@1 a="1"][x@1 b="2"]');
    expect(twice).toMatchObject({ structuredData: { 'x@1': { a: '1', b: '2' } } });
    expect(twice.malformed).toMatch(/more than once/);
  });

  test('names that mean something to JavaScript are only names', () => {
    const { structuredData } = decode('<13>1 - - - - - [__proto__ __proto__="1" constructor="2"]');
    expect(JSON.stringify(structuredData)).toBe('{"__proto__":{"__proto__":"1","constructor":"2"}}');
  });

  test.each([
    ['<13>2 - - - - - - m', /version 2/],
    ['<13>1 2026-02-30T00:00:00Z h a p m - x', /timestamp/],
    ['<13>1 2026-02-03 h a p m - x', /timestamp/],
    ['<13>1 - h a', /header ends after 3/],
    ['<13>1 -  h a p m - x', /header ends after 2/],
    ['<13>1 - h a p m x', /no structured data/],
    ['<13>1 - h a p m [', /without SD-ID/],
    ['<13>1 - h a p m [id a=1] x', /NAME="VALUE"/],
    ['<13>1 - h a p m [id a="1', /value is not closed/],
    ['<13>1 - h a p m [id a="1" x', /NAME="VALUE"/],
    ['<13>1 - h a p m [id a="1"', /element is not closed/],
    ['<13>1 - h a p m [id]x', /no space/],
  ])('%s is kept raw', (text, reason) => {
    const record = decode(text);
    expect(record).toMatchObject({ format: 'raw', facility: 1, severity: 5, message: text });
    expect(record.malformed).toMatch(reason);
    expect(Buffer.from(record.raw ?? []).toString()).toBe(text);
  });
});

describe('RFC 3164 and what devices make of it', () => {
  const march = Date.UTC(2026, 2, 1, 18, 46, 11);
  test.each([
    [
      'section 5.4, example 1',
      "<34>Oct 11 22:14:15 mymachine su: 'su root' failed",
      {
        facility: 4,
        severity: 2,
        timestampMs: Date.UTC(2026, 9, 11, 22, 14, 15),
        hostname: 'mymachine',
        appName: 'su',
        message: "'su root' failed",
      },
    ],
    [
      'example 2: no time',
      '<13>Use the BFG!',
      { timestampMs: null, hostname: null, appName: null, message: 'Use the BFG!' },
    ],
    [
      'tag with process id',
      '<163>Nov 21 12:21:23 vm myapp[12577]: disk full',
      { hostname: 'vm', appName: 'myapp', procId: '12577', message: 'disk full' },
    ],
    ['one-digit day, two spaces', '<13>Mar  1 18:46:11 h t: m', { timestampMs: march, hostname: 'h' }],
    ['one-digit day, one space', '<13>Mar 1 18:46:11 h t: m', { timestampMs: march, hostname: 'h' }],
    [
      'no host',
      '<13>Mar  1 18:46:11 cron[7]: m',
      { timestampMs: march, hostname: null, appName: 'cron', procId: '7', message: 'm' },
    ],
    [
      'no host, capitals',
      '<13>Mar  1 18:46:11 CRON: m',
      { timestampMs: march, hostname: null, appName: 'CRON', message: 'm' },
    ],
    ['IPv6 host', '<13>Mar  1 18:46:11 2001:db8::1 app: m', { hostname: '2001:db8::1', appName: 'app' }],
    [
      'no tag',
      '<13>Mar  1 18:46:11 h something happened',
      { hostname: 'h', appName: null, message: 'something happened' },
    ],
    [
      'no PRI',
      'Mar  1 18:46:11 h t: m',
      { facility: null, severity: null, timestampMs: march, hostname: 'h', appName: 't' },
    ],
    [
      'ISO time',
      '<13>2026-03-01T18:46:11.25+01:00 h t: m',
      { timestampMs: march - 3_600_000 + 250, hostname: 'h', appName: 't' },
    ],
    [
      'ISO time with a space, no offset',
      '<13>2026-03-01 18:46:11,250 h t: m',
      { timestampMs: march + 250, hostname: 'h' },
    ],
    [
      'Cisco IOS',
      '<189>29: *Mar  1 18:46:11: %SYS-5-CONFIG_I: Configured from console by vty2',
      {
        timestampMs: march,
        hostname: null,
        appName: '%SYS-5-CONFIG_I',
        message: 'Configured from console by vty2',
        structuredData: { meta: { sequenceId: '29' }, timeQuality: { isSynced: '0' } },
      },
    ],
    [
      'Cisco IOS, zone and ms',
      '<189>29: Mar  1 18:46:11.123 UTC: %SYS-5-CONFIG_I: m',
      { timestampMs: march + 123, appName: '%SYS-5-CONFIG_I' },
    ],
    [
      'Cisco IOS, a zone of its own',
      '<189>29: Mar  1 18:46:11.123 AEST: %SYS-5-CONFIG_I: m',
      { timestampMs: march + 123, appName: '%SYS-5-CONFIG_I' },
    ],
    [
      'Cisco IOS, origin and sequence number',
      '<189>29: rtr1: 000030: *Mar  1 18:46:11 EST: %LINK-3-UPDOWN: m',
      {
        timestampMs: march + 5 * 3_600_000,
        hostname: 'rtr1',
        appName: '%LINK-3-UPDOWN',
        structuredData: { meta: { sequenceId: '000030' }, timeQuality: { isSynced: '0' } },
      },
    ],
    [
      'Cisco IOS, two counters',
      '<189>29: 000030: Mar  1 18:46:11: %A-1-B: m',
      { hostname: null, structuredData: { meta: { sequenceId: '000030' } } },
    ],
    [
      'Cisco NX-OS, year first',
      '<189>: 2025 Mar  1 18:46:11 UTC: %ETHPORT-5-IF_UP: m',
      { timestampMs: Date.UTC(2025, 2, 1, 18, 46, 11), appName: '%ETHPORT-5-IF_UP' },
    ],
    [
      'Cisco ASA, year',
      '<166>Mar 01 2025 18:46:11: %ASA-6-302013: Built',
      { timestampMs: Date.UTC(2025, 2, 1, 18, 46, 11), hostname: null, appName: '%ASA-6-302013', message: 'Built' },
    ],
    [
      'Cisco ASA, host',
      '<166>Mar 01 2025 18:46:11 FW-1 : %ASA-6-302013: Built',
      { hostname: 'FW-1', appName: '%ASA-6-302013', message: 'Built' },
    ],
    ['year last', '<13>Mar  1 18:46:11 2025 h t: m', { timestampMs: Date.UTC(2025, 2, 1, 18, 46, 11), hostname: 'h' }],
    ['line end and NUL', '<13>t: m\r\n\0', { appName: 't', message: 'm' }],
  ])('%s', (_name, text, expected) => {
    expect(decode(text)).toMatchObject({ format: 'rfc3164', malformed: null, raw: null, ...expected });
  });

  test('the year is guessed from the reception: late by months, or ahead by days', () => {
    const newYear = Date.UTC(2026, 0, 1, 0, 0, 5);
    expect(decode('<13>Dec 31 23:59:58 h t: m', newYear).timestampMs).toBe(Date.UTC(2025, 11, 31, 23, 59, 58));
    expect(decode('<13>Jan  1 00:00:03 h t: m', newYear - 10_000).timestampMs).toBe(Date.UTC(2026, 0, 1, 0, 0, 3));
    expect(decode('<13>Mar  1 18:46:11 h t: m').timestampMs).toBe(march);
    expect(decode('<13>Feb 29 12:00:00 h t: m', Date.UTC(2025, 0, 10)).timestampMs).toBe(Date.UTC(2024, 1, 29, 12));
  });

  test('a date that does not exist is marked, the rest is read', () => {
    expect(decode('<13>Feb 31 12:00:00 h t: m')).toMatchObject({ format: 'rfc3164', timestampMs: null, hostname: 'h', message: 'm', malformed: 'timestamp is no date that exists' }); // prettier-ignore
  });
});

describe('what logger sends', () => {
  const file = new URL('../../../../test/fixtures/datagrams/syslog.txt', import.meta.url);
  const lines = readFileSync(file, 'utf8').split('\n').filter((line) => line && !line.startsWith('#')); // prettier-ignore
  const sent = new Map(lines.map((line) => [line.split(' ')[0], Buffer.from(line.split(' ')[1] ?? '', 'hex')]));
  const timeQuality = { tzKnown: '1', isSynced: '0' };
  test.each([
    [
      'rfc5424',
      {
        format: 'rfc5424',
        hostname: 'vm',
        appName: 'root',
        structuredData: { timeQuality },
        message: 'hello',
        timestampMs: Date.UTC(2026, 10, 21, 12, 21, 23, 405),
      },
    ],
    [
      'rfc3164-tag-pid',
      {
        format: 'rfc3164',
        hostname: 'vm',
        appName: 'myapp',
        procId: '12577',
        message: 'disk fuél',
        timestampMs: Date.UTC(2026, 10, 21, 12, 21, 23),
      },
    ],
    [
      'rfc5424-sd',
      {
        format: 'rfc5424',
        appName: 'app2',
        msgId: 'M',
        structuredData: { timeQuality, 'x@32473': { a: '1' } },
        message: 'with sd',
      },
    ],
    [
      'rfc5424-no-time-no-host',
      { format: 'rfc5424', timestampMs: null, hostname: null, appName: 'root', message: 'bare' },
    ],
  ])('%s', (name, expected) => {
    expect(decode(Uint8Array.from(sent.get(name) ?? []))).toMatchObject({ malformed: null, raw: null, ...expected });
  });
});

describe('what is no syslog message', () => {
  test.each([
    ['hello', /no PRI/],
    ['', /empty/],
    ['\n', /empty/],
    ['<192>x', /PRI 192/],
    ['<13x', /no PRI/],
    ['<>x', /no PRI/],
  ])('%j is kept raw', (text, reason) => {
    const record = decode(text);
    expect(record.format).toBe('raw');
    expect(record.malformed).toMatch(reason);
    expect(Buffer.from(record.raw ?? []).toString()).toBe(text);
  });

  test('octets that are not UTF-8 become U+FFFD, the message is read, marked and kept', () => {
    const latin1 = Uint8Array.from(Buffer.from('<13>Mar  1 18:46:11 h t: fu\u00e9l', 'latin1'));
    expect(decode(latin1)).toMatchObject({
      format: 'rfc3164',
      hostname: 'h',
      message: 'fu\uFFFDl',
      malformed: 'not UTF-8',
      raw: latin1,
    });
  });

  test('NUL inside becomes U+FFFD, for a database cannot hold it; a sent U+FFFD is no fault', () => {
    expect(decode('<13>t: a\0b')).toMatchObject({ message: 'a\uFFFDb', malformed: 'NUL inside' });
    expect(decode('<13>t: a\uFFFDb')).toMatchObject({ message: 'a\uFFFDb', malformed: null, raw: null });
  });
});

describe('any bytes', () => {
  const goldens = [
    '<189>29: rtr1: 000030: *Mar  1 18:46:11 EST: %LINK-3-UPDOWN: Interface up',
    '<165>1 2003-10-11T22:14:15.003Z h evntslog 1 ID47 [a@1 b="c\\"d" e="f"][g h="i"] \uFEFFAn event',
    '<166>Mar 01 2025 18:46:11 FW-1 : %ASA-6-302013: Built',
  ].map((text) => new TextEncoder().encode(text));

  const check = (bytes: Uint8Array) => {
    const record = decode(bytes);
    expect(record.raw === null).toBe(record.malformed === null);
    if (record.raw !== null) expect(record.raw).toEqual(bytes);
    expect(JSON.stringify(record.structuredData) + record.message + record.hostname).not.toMatch(/\\u0000|\0/);
    expect(record.format === 'raw' && record.malformed === null).toBe(false);
  };

  test('cut at every byte', () => {
    for (const golden of goldens) for (let end = 0; end <= golden.length; end += 1) check(golden.slice(0, end));
  });

  test('changed, and made up', () => {
    const changed = fc
      .tuple(fc.constantFrom(...goldens), fc.array(fc.tuple(fc.nat(200), fc.nat(255)), { minLength: 1, maxLength: 6 }))
      .map(([golden, changes]) => {
        const bytes = golden.slice();
        for (const [offset, value] of changes) bytes[offset % bytes.length] = value;
        return bytes;
      });
    fc.assert(fc.property(fc.oneof(changed, fc.uint8Array({ maxLength: 200 })), check), { numRuns: 2000 });
  });

  test('large ones in linear time', () => {
    const heads = [
      '<13>1 - - - - - [',
      '<13>1 - - - - - [a b="',
      '<13>Mar  1 18:46:11 ',
      '<13>',
      '<13>29: ',
      '',
      '<13>1 - - - - - ',
    ];
    for (const head of heads) {
      for (const fill of ['a', '[', ']', '\\', '"', ' ', ':', '1', '[a]', 'a="1" ', '\\"', '1: ']) {
        const bytes = new TextEncoder().encode(head + fill.repeat(65_000 / fill.length));
        const before = process.cpuUsage().user;
        check(bytes);
        expect((process.cpuUsage().user - before) / 1000, `${head}${fill}...`).toBeLessThan(1000);
      }
    }
  });
});

describe('the short ways of the usual messages', () => {
  const word = fc.stringMatching(/^[A-Za-z0-9._:[\]-]{1,9}$/);
  const pick = (...texts: string[]) => fc.constantFrom(...texts);
  const time5424 = fc.oneof(
    fc.stringMatching(/^20[0-9]{2}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-6][0-9]:[0-6][0-9](\.[0-9]{1,7})?(Z|\+01:00)$/),
    pick(
      '-',
      '2026-02-30T00:00:00Z',
      '1969-12-31T23:59:59Z',
      '2026-06-30T23:59:60Z',
      '2026-06-30T23:59:59.Z',
      '2026-6-30T1:00:00Z',
    ),
  );
  const data = fc.oneof(
    fc
      .array(
        fc.tuple(
          pick('meta', 'a@1', '__proto__', 'toString', 'é', ''),
          pick('x="1"', 'x="1" y="2"', 'x="1" x="2"', 'x="a\\"b"', 'x=1', '__proto__="1"', ''),
          pick(']', ' ]', ''),
        ),
        { maxLength: 3 },
      ) // prettier-ignore
      .map((list) => list.map(([id, parameters, end]) => `[${id}${parameters && ' '}${parameters}${end}`).join('')),
    pick('-', '- ', '--', '[', ''),
  );
  const modern = fc
    .tuple(
      pick('1', '2', '10', '', '1 '),
      time5424,
      fc.array(fc.oneof(word, pick('-', '')), { minLength: 3, maxLength: 5 }),
      data,
      pick('', ' hello', ' \uFEFFhello', 'x', ' '),
    ) // prettier-ignore
    .map(([version, time, fields, sd, message]) => `<34>${version} ${time} ${fields.join(' ')} ${sd}${message}`);
  const bsd = fc
    .tuple(
      pick('Nov 21', 'Nov  1', 'Feb 29', 'Dec 31', 'Foo 01', 'Nov 1', 'nov 21', 'ebM 01', 'Jan 00', 'Feb 30'),
      pick(
        '09:01:02',
        '9:01:02',
        '24:00:00',
        '23:59:60',
        '09:01:02.5',
        '09:01:02:',
        '09:01:02 2026',
        '09:01:02 UTC',
        '09:01:02 +01:00',
      ),
      fc.oneof(word, pick('edge-1', 'edge-1.', 'edge_1 :', 'edge-1 ', '2026', 'CET', 'a[1]', ':', '')),
      fc.oneof(
        word,
        pick('sshd', 'sshd[12]', 'sshd[]', 'sshd[a]', 'sshd[12', 'a'.repeat(129), 'a'.repeat(127), '%ASA-1'),
      ),
      pick(': ', ':', ' ', '', ': : ', ':x'),
      pick('text', '', ' two', 'é'),
    )
    .map(([date, clock, host, tag, end, message]) => `<34>${date} ${clock} ${host} ${tag}${end}${message}`);

  test('give what the long way gives, for any message', () => {
    fc.assert(
      fc.property(fc.oneof(modern, bsd), (text) => {
        const { parsed } = readAnyMessage(text, 4, null, receivedAtMs) as { parsed?: { note: string | null } };
        const short = plainRfc5424(text, 4) ?? plainRfc3164(text, 4, receivedAtMs);
        if (short) expect(short).toStrictEqual(parsed);
      }),
      { numRuns: 5000 },
    );
  });

  test('take the usual messages', () => {
    const at5424 = '<34>1 2026-11-21T09:01:02.003Z host app 1 ID [a@1 x="1" y="2"] hello';
    expect(plainRfc5424(at5424, 4)).toMatchObject({ hostname: 'host', structuredData: { 'a@1': { x: '1', y: '2' } } });
    expect(plainRfc3164('<34>Nov 21 09:01:02 host app[1]: hello', 4, receivedAtMs)).toMatchObject({ procId: '1' });
    expect(plainRfc3164('<34>Nov  1 09:01:02 host app: hello', 4, receivedAtMs)).toMatchObject({ message: 'hello' });
  });
});
