import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { brokenRelations, profiles, type Timing } from '../profiles.ts';
import { decodeText, importFiles, writeSettings } from './index.ts';

const fixture = (name: string) =>
  readFileSync(join(import.meta.dirname, '../../../../test/fixtures/older-systems', name), 'utf8');
const read = (text: string, name = 'FailOver.xml', home: string | null = null) => importFiles([{ name, text, home }]);
const settings = (text: string) => Object.fromEntries(read(text).settings.map(({ field, value }) => [field, value]));
const faults = (text: string) => read(text).wrong.map(({ line, what, expected }) => `${line} ${what}: ${expected}`);
const failOver = (primary: string, standby: string, inside = '') =>
  `<FAILOVER>\n<PRIMARY ${primary}/>\n<STANDBY ${standby}>${inside}</STANDBY>\n</FAILOVER>`;

it('takes a FailOver.xml as it is', () => {
  const { settings: found, wrong } = read(fixture('FailOver.xml'), 'FailOver.xml', '/opt/webnms');
  expect(wrong).toEqual([]);
  expect(Object.fromEntries(found.map(({ field, value }) => [field, value]))).toEqual({
    profile: 'classic',
    timing: undefined,
    'fileSync.enabled': true,
    'fileSync.root': '/opt/webnms',
    'fileSync.intervalSeconds': 600,
    'fileSync.include.directories': ['myDir1'],
    'fileSync.include.files': ['myFile1'],
    'fileSync.exclude.directories': ['myDir2'],
    'fileSync.exclude.files': ['myFile2'],
    'notifier.enabled': true,
    'notifier.smtp.host': 'mail-server1',
    'notifier.smtp.port': 25,
    'notifier.smtp.tls': 'required',
    'notifier.to': ['xyz@webnms.com'],
    'notifier.from': 'webnms@webnms.com',
  });
});

it('makes 20 s / 60 s of 60/60/1, and says why', () => {
  const { taken } = read(fixture('FailOver.xml'));
  expect(taken[0]).toMatchObject({ line: 3, why: expect.stringContaining('leaseTtlMs = 60 s x 1 = 60000') });
  expect(taken[1]).toMatchObject({
    line: 2,
    why: expect.stringContaining('beatMs = min(60 s, leaseTtlMs / 3) = 20000'),
  });
});

it.each([
  ['HEART_BEAT_INTERVAL="30"', 'FAIL_OVER_INTERVAL="50" RETRY_COUNT="3"', { beatMs: 30_000, leaseTtlMs: 150_000 }],
  ['HEART_BEAT_INTERVAL="10"', 'FAIL_OVER_INTERVAL="20" RETRY_COUNT="3"', { beatMs: 10_000 }],
  ['HEART_BEAT_INTERVAL="60"', 'FAIL_OVER_INTERVAL="60" RETRY_COUNT="3"', { beatMs: 60_000, leaseTtlMs: 180_000 }],
  [
    'HEART_BEAT_INTERVAL="1"',
    'FAIL_OVER_INTERVAL="1" RETRY_COUNT="1"',
    { beatMs: 333, leaseTtlMs: 1000, fenceLeadMs: 50, statementTimeoutMs: 750 },
  ],
  ['', '', undefined],
])('%s %s becomes timing %j, with relations that hold', (primary, standby, timing) => {
  expect(settings(failOver(primary, standby))['timing']).toEqual(timing);
  expect(brokenRelations({ ...profiles.classic, ...(timing as Partial<Timing> | undefined) })).toEqual([]);
});

it('takes a file of before 4.7.0 SP1, which has one half only, with the old defaults for the other one', () => {
  const { taken, wrong } = read('<FAILOVER><STANDBY FAIL_OVER_INTERVAL="90" RETRY_COUNT="2"/></FAILOVER>');
  expect(wrong).toEqual([]);
  expect(taken.map(({ what }) => what)).toContain('HEART_BEAT_INTERVAL is not there, so 60');
});

it.each([
  [
    'no XML',
    'hello',
    'null another file: a FailOver.xml or startnms script of Web NMS, or an itom_fos.conf of OpManager and its kin',
  ],
  ['nothing', '  \n', 'null an empty file: '],
  ['broken XML', '<FAILOVER>\n<PRIMARY\n</FAILOVER>', '3 '],
  ['another root', '<config/>', '1 <config>: FAILOVER as the outermost element'],
  ['neither half', '<FAILOVER/>', '1 <FAILOVER>: PRIMARY or STANDBY inside'],
  ['zero', failOver('HEART_BEAT_INTERVAL="0"', ''), '2 PRIMARY HEART_BEAT_INTERVAL="0": a whole number from 1 on'],
  ['below zero', failOver('', 'RETRY_COUNT="-1"'), '3 STANDBY RETRY_COUNT="-1": a whole number from 1 on'],
  ['words', failOver('HEART_BEAT_INTERVAL="60s"', ''), '2 PRIMARY HEART_BEAT_INTERVAL="60s": '],
  ['hexadecimal', failOver('HEART_BEAT_INTERVAL="0x3c"', ''), '2 '],
  ['a number beyond all', failOver('', `FAIL_OVER_INTERVAL="${'9'.repeat(400)}"`), '3 '],
  [
    'days',
    failOver('', 'FAIL_OVER_INTERVAL="86400" RETRY_COUNT="2"'),
    '3 STANDBY FAIL_OVER_INTERVAL="86400": a take-over within a day',
  ],
  ['two standbys', '<FAILOVER><STANDBY/>\n<STANDBY/></FAILOVER>', '2 <STANDBY>: one STANDBY in FAILOVER'],
  ['neither true nor false', failOver('', '', '<BACKUP ENABLED="yes"/>'), '3 BACKUP ENABLED="yes": true or false'],
  ['a nameless folder', failOver('', '', '<BACKUP><INCLUDE>\n<DIR/></INCLUDE></BACKUP>'), '4 <DIR>: an attribute NAME'],
  [
    'a way out',
    failOver('', '', '<BACKUP><INCLUDE><DIR NAME="a/../../etc"/></INCLUDE></BACKUP>'),
    '3 DIR NAME="a/../../etc": ',
  ],
  [
    'an absolute name',
    failOver('', '', '<BACKUP><EXCLUDE><FILE NAME="C:\\x"/></EXCLUDE></BACKUP>'),
    '3 FILE NAME="C:\\x": ',
  ],
  [
    'no mail server',
    failOver('', '', '<SEND_EMAIL TO_ADDRESS="a@b" FROM_ADDRESS="a@b"/>'),
    '3 <SEND_EMAIL>: an attribute SMTP_SERVER',
  ],
  ['no address', failOver('', '', '<SEND_EMAIL SMTP_SERVER="m" TO_ADDRESS="a@b,c" FROM_ADDRESS="a@b"/>'), '3 '],
  [
    'an external entity',
    `<!DOCTYPE f [<!ENTITY x SYSTEM "file:///etc/passwd">]>\n${failOver('HEART_BEAT_INTERVAL="&x;"', '')}`,
    '',
  ],
  ['a document type', `\n<!DOCTYPE FAILOVER SYSTEM "http://192.0.2.1/x.dtd">\n${failOver('', '')}`, ''],
  ['entities of entities', `<!DOCTYPE f [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>${failOver('', '', '&b;')}`, ''],
  ['a deep hole', '<FAILOVER>'.repeat(200_000), 'null elements inside elements: at most 50 deep'],
  [
    'a deep well',
    `${'<FAILOVER>'.repeat(99)}${'</FAILOVER>'.repeat(99)}`,
    'null elements inside elements: at most 50 deep',
  ],
])('refuses %s by name and line', (_, text, fault) => {
  const said = faults(text);
  expect(said).not.toEqual([]);
  expect(said[0]?.startsWith(fault), said[0]).toBe(true);
  expect(said.join()).not.toContain('root:');
});

it('names what it does not know instead of dropping it', () => {
  const { leftOut } = read(failOver('COLOUR="red"', '', '<HOOK/>'));
  expect(leftOut.map(({ line, what }) => `${line} ${what}`)).toEqual(['2 PRIMARY COLOUR="red"', '3 <HOOK>']);
});

it.each([
  ['java NmsMainBE NMS_BE_FAILOVER false', false],
  ['#!/bin/sh\n# NMS_BE_FAILOVER true\njava -cp x NmsMainBE NMS_BE_FAILOVER FALSE $*', false],
  ['rem NMS_BE_FAILOVER false\r\njava NmsMainBE "NMS_BE_FAILOVER=true"', true],
])('takes the switch of a start script: %j', (text, enabled) => {
  expect(settings(text)).toEqual({ 'policy.enabled': enabled });
  expect(writeSettings('', read(text).settings).faults.map(({ field }) => field)).not.toContain('policy');
});

it('takes an itom_fos.conf: address and netmask, and counters', () => {
  const { settings: found, wrong, leftOut } = read(fixture('itom_fos.conf'), 'itom_fos.conf');
  expect(wrong).toEqual([]);
  expect(Object.fromEntries(found.map(({ field, value }) => [field, value]))).toEqual({
    'binding.mode': 'vip',
    'binding.addresses': ['192.0.2.100/24'],
    'binding.interface': 'eth0',
    profile: 'classic',
    timing: { beatMs: 5000 },
  });
  expect(leftOut.map(({ line }) => line)).toEqual([2, 7]);
});

const vip = (address: string, mask: string) => `publicIP.ipaddr=${address}\npublicIP.netmask=${mask}`;

it.each([
  ['publicIP.ipaddr = 192.0.2.7', { 'binding.mode': 'vip', 'binding.addresses': ['192.0.2.7/24'] }],
  [vip('192.0.2.130', '255.255.255.192'), { 'binding.mode': 'vip', 'binding.addresses': ['192.0.2.130/26'] }],
  [vip('10.1.2.3', '16'), { 'binding.mode': 'vip', 'binding.addresses': ['10.1.2.3/16'] }],
  ['publicIP.enabled=false\npublicIP.ipaddr=nonsense', { binding: { mode: 'none' } }],
  [
    'publicIP.Ifname=Ethernet 2\npublicIP.ipaddr=192.0.2.7',
    { 'binding.mode': 'vip', 'binding.addresses': ['192.0.2.7/24'] },
  ],
])('%j becomes %j', (text, found) => {
  expect(settings(text)).toEqual(found);
});

it.each([
  [vip('192.0.2.7', '255.0.255.0'), '2 publicIP.netmask=255.0.255.0: a netmask'],
  [vip('192.0.2.7', '0.0.0.0'), '2 '],
  [vip('192.0.2.7', '0'), '2 '],
  [vip('192.0.2.7', '33'), '2 '],
  [vip('192.0.2.7', 'x'), '2 '],
  [vip('192.0.2.7.1', '24'), '1 publicIP.ipaddr=192.0.2.7.1: an IPv4 address'],
  [vip('192.0.2.256', '24'), '1 '],
  [vip('224.0.0.5', '24'), '1 publicIP.ipaddr=224.0.0.5: an address that a host can have'],
  [vip('127.0.0.1', '24'), '1 '],
  [vip('192.0.2.255', '24'), "1 publicIP.ipaddr=192.0.2.255: an address of a host, not the subnet's broadcast (/24)"],
  [vip('192.0.2.0', '24'), '1 '],
  ['publicIP.netmask=255.255.255.0', '1 publicIP.ipaddr is not there: publicIP.ipaddr'],
  ['publicIP.enabled=maybe\npublicIP.ipaddr=192.0.2.7', '1 publicIP.enabled=maybe: true or false'],
  ['updatecounter.interval=-5', '1 updatecounter.interval=-5: a whole number'],
])('refuses %j', (text, fault) => {
  expect(faults(text)[0]?.startsWith(fault), faults(text)[0]).toBe(true);
});

it('reads properties as Java does', () => {
  const text =
    '! a comment\npublicIP.ipaddr : 192.0.\\\n   2.9\r\npublicIP.netmask\\u003d=1\n publicIP.ipaddr=192.0.2.8';
  expect(settings(text)['binding.addresses']).toEqual(['192.0.2.8/24']);
});

it('says when two files contradict each other', () => {
  const { wrong } = importFiles([
    { name: 'FailOver.xml', text: fixture('FailOver.xml'), home: null },
    { name: 'itom_fos.conf', text: fixture('itom_fos.conf'), home: null },
  ]);
  expect(wrong[0]).toMatchObject({ file: 'itom_fos.conf', expected: 'the same timing as FailOver.xml says' });
});

it('puts settings into a configuration and keeps everything else of it, comments included', () => {
  const before = readFileSync(join(import.meta.dirname, '../../../../examples/node.yaml'), 'utf8');
  const { text, faults: found } = writeSettings(
    before.replace('profile: standard', 'profile: standard # as agreed\ntiming: { beatMs: 400 }'),
    [
      { field: 'profile', value: 'classic' },
      { field: 'timing', value: undefined },
      { field: 'binding.addresses', value: ['192.0.2.101/24'] },
    ],
  );
  expect(found).toEqual([]);
  expect(text).toContain('profile: classic # as agreed');
  expect(text).not.toContain('beatMs');
  expect(text).toContain('# One node of a pair.');
  expect(text).toContain('192.0.2.101/24');
  expect(text).not.toContain('192.0.2.100');
  expect(text).toContain('2001:db8::100/64');
});

it('names what a new configuration lacks, and what is wrong with an old one', () => {
  const { faults: missing } = writeSettings('', read(fixture('FailOver.xml')).settings);
  expect(missing.map(({ field, got }) => `${field} ${got}`)).toContain('store nothing');
  expect(writeSettings('cluster: [', []).faults[0]?.expected).toBe('YAML');
});

it('reads text in the encoding that it says, and nothing that is no text', () => {
  const latin = Buffer.from('<?xml version="1.0" encoding="ISO-8859-1"?><A N="', 'latin1');
  expect(decodeText(new Uint8Array([...latin, 0xe4]))).toMatch(/ä$/);
  expect(decodeText(new Uint8Array([0xff, 0xfe, 0x3c, 0, 0x41, 0]))).toBe('<A');
  expect(decodeText(new Uint8Array([0x50, 0x4b, 3, 4, 0, 0]))).toBeNull();
  expect(decodeText(new Uint8Array([0x3c, 0xff, 0xfe]))).toBeNull();
  expect(decodeText(new TextEncoder().encode('<?xml encoding="klingon"?>'))).toBeNull();
});
