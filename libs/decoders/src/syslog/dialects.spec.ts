import { expect, test } from 'vitest';
import { decodeSyslog } from './decode-syslog.ts';

const receivedAtMs = Date.UTC(2026, 10, 21, 12);
const at = (month: number, day: number, hour = 18, minute = 46, second = 11, ms = 0) =>
  Date.UTC(2026, month - 1, day, hour, minute, second, ms);
const unset = { timeQuality: { isSynced: '0' } };

test.each([
  [
    'HP ProCurve, a space behind the PRI',
    '<14> Mar  1 18:46:11 192.0.2.7 00076 ports: port 1 is now on-line',
    { timestampMs: at(3, 1), hostname: '192.0.2.7', message: '00076 ports: port 1 is now on-line' },
  ],
  [
    'Dell PowerConnect, capitals',
    '<189> MAR 01 18:46:11 192.0.2.7-1 CLI_WEB[216]: User logged in',
    { timestampMs: at(3, 1), hostname: '192.0.2.7-1', appName: 'CLI_WEB', procId: '216' },
  ],
  [
    'Huawei, year and an offset without a space',
    '<189>Mar  1 2026 18:46:11+08:00 CE6800 %%01SHELL/5/CMDRECORD(s)[1]: Recorded',
    { timestampMs: at(3, 1, 10), hostname: 'CE6800' },
  ],
  ['ctime with the day of the week', '<13>Sun Mar  1 18:46:11 2026 h app: m', { timestampMs: at(3, 1), hostname: 'h' }],
  [
    'Cisco IOS, uptime',
    '<189>12: 1w2d: %SYS-5-CONFIG_I: Configured',
    { timestampMs: null, appName: '%SYS-5-CONFIG_I', structuredData: { meta: { sequenceId: '12' } } },
  ],
  [
    'Cisco IOS, uptime of the first day, no sequence number',
    '<187>00:00:46: %LINK-3-UPDOWN: Interface up',
    { timestampMs: null, hostname: null, appName: '%LINK-3-UPDOWN', message: 'Interface up', structuredData: null },
  ],
  [
    'Cisco IOS, sequence number without a time',
    '<189>29: %SYS-5-CONFIG_I: Configured',
    { timestampMs: null, appName: '%SYS-5-CONFIG_I', structuredData: { meta: { sequenceId: '29' } } },
  ],
  [
    'Cisco IOS, origin id without a counter, clock not set',
    '<189>R1: 000046: *Mar  1 18:46:11.003: %SYS-5-CONFIG_I: Configured',
    {
      timestampMs: at(3, 1, 18, 46, 11, 3),
      hostname: 'R1',
      structuredData: { meta: { sequenceId: '000046' }, ...unset },
    },
  ],
  [
    'Cisco IOS XR, card',
    '<189>1234: RP/0/RSP0/CPU0:Mar  1 18:46:11.123 UTC: config[65742]: %MGBL-CONFIG-6-DB_COMMIT : Commit',
    {
      timestampMs: at(3, 1, 18, 46, 11, 123),
      hostname: 'RP/0/RSP0/CPU0',
      appName: 'config',
      procId: '65742',
      message: '%MGBL-CONFIG-6-DB_COMMIT : Commit',
    },
  ],
  [
    'Cisco NX-OS, year first, a colon in front',
    '<189>: 2026 Mar  1 18:46:11 UTC: %ETHPORT-5-IF_UP: Interface up',
    { timestampMs: at(3, 1), hostname: null, appName: '%ETHPORT-5-IF_UP' },
  ],
  [
    'Cisco WLC, name and task',
    '<131>WLC-1: *spamApTask2: Mar 01 18:46:11.123: #CAPWAP-3-ERRORLOG: capwap_ac_sm.c:1437 no such AP',
    {
      timestampMs: at(3, 1, 18, 46, 11, 123),
      hostname: 'WLC-1',
      procId: 'spamApTask2',
      appName: '#CAPWAP-3-ERRORLOG',
      message: 'capwap_ac_sm.c:1437 no such AP',
    },
  ],
  [
    'AIX, forwarded',
    '<38>Mar  1 18:46:11 Message forwarded from aix7: sshd[123]: Accepted',
    { timestampMs: at(3, 1), hostname: 'aix7', appName: 'sshd', procId: '123', message: 'Accepted' },
  ],
  [
    'Meraki, seconds since 1970',
    '<134>1 1772390771.123456789 MX60 events type=vpn_connectivity_change',
    { timestampMs: at(3, 1, 18, 46, 11, 123), hostname: 'MX60', message: 'events type=vpn_connectivity_change' },
  ],
  [
    'ESXi, ISO time',
    '<166>2026-03-01T18:46:11.123Z esx01 Hostd: info hostd[2099]',
    { timestampMs: at(3, 1, 18, 46, 11, 123), hostname: 'esx01', appName: 'Hostd' },
  ],
])('%s', (_, text, expected) => {
  const record = decodeSyslog(Buffer.from(text), { sourceAddress: '192.0.2.1', receivedAtMs });
  expect(record).toMatchObject({ format: 'rfc3164', malformed: null, ...expected });
});

test.each([
  ['a tag in front of a date is a tag', '<13>backup: Mar  1 18:46:11 was the last one', 'backup'],
  ['a number in front of a text is a tag', '<13>12: bottles', '12'],
  ['a duration in front of a text is a tag', '<13>00:00:46 elapsed', null],
])('%s', (_, text, appName) => {
  const record = decodeSyslog(Buffer.from(text), { sourceAddress: '192.0.2.1', receivedAtMs });
  expect(record).toMatchObject({ timestampMs: null, hostname: null, appName, malformed: null });
});
