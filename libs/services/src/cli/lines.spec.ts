import type { Transition } from '@hotstandby/ports';
import { expect, it } from 'vitest';
import { eventLine } from './event-line.ts';
import { historyText } from './history-text.ts';
import { jsonText, tellFault } from './output.ts';
import { recordsText } from './records-text.ts';
import { painter } from './text/paint.ts';
import { CodedError } from '@hotstandby/contracts';
import { BusError, StoreError } from '@hotstandby/ports';

const plain = painter(false);

it('tells an event on one line, whatever its data is', () => {
  const event = {
    specversion: '1.0' as const,
    id: 'x',
    source: '/hotstandby/c/b/collector',
    type: 'collector.failed',
    time: '2026-01-31T13:05:00.000Z',
    data: { code: 'HS_PORT_IN_USE', message: 'two\nlines', cure: 'not shown', ports: [1, 2], none: null },
  };
  expect(eventLine(event, plain)).toBe(
    '2026-01-31 13:05:00.000 b collector.failed code=HS_PORT_IN_USE message=two␊lines ports=1,2',
  );
  expect(eventLine({ ...event, source: 'elsewhere', data: null }, plain)).toMatch(/ \? collector\.failed$/);
  expect(eventLine({ ...event, data: 'words' }, plain)).toMatch(/collector\.failed words$/);
});

it('shows the history oldest first', () => {
  const one: Transition = {
    id: '1',
    node: 'a',
    nodeId: 'id',
    epoch: 1,
    from: 'standby',
    to: 'active',
    rule: 'claim.free',
    evidence: {},
    operator: null,
    at: '2026-01-31T13:05:00.000Z',
  };
  expect(historyText([{ ...one, epoch: 12, operator: 'me' }, one], plain)).toEqual([
    'TIME (UTC)               NODE  EPOCH  FROM     TO      RULE        OPERATOR',
    '2026-01-31 13:05:00.000  a         1  standby  active  claim.free',
    '2026-01-31 13:05:00.000  a        12  standby  active  claim.free  me',
  ]);
  expect(historyText([], plain)).toEqual(['No transition is recorded yet.']);
});

it('says under each transition what its rule and its evidence mean', () => {
  const one = (change: Partial<Transition>): Transition => ({
    id: '1',
    node: 'north',
    nodeId: 'id-n',
    epoch: 1,
    from: 'standby',
    to: 'active',
    rule: 'claim-handed-over',
    evidence: { from: 'id-s', epoch: 1 },
    operator: null,
    at: '2026-01-31T13:05:00.000Z',
    ...change,
  });
  const lines = historyText(
    [
      one({ rule: 'made-later', evidence: { newKey: [1], constructor: 'x\u001b' } }),
      one({ rule: 'fence-lapsing', evidence: { deadlineInMs: -1500 } }),
      one({ rule: 'fence-lapsing', evidence: { deadlineInMs: null }, node: 'south', nodeId: 'id-s' }),
      one({}),
    ],
    plain,
  ).filter((line) => line.startsWith('    '));
  expect(lines).toEqual([
    '    The lease was released to this node, which claims without waiting.',
    '    Recorded: from south, epoch 1.',
    '    No voter renewed the grant in time: the node lets go fenceLead before the grant ends.',
    '    No voter renewed the grant in time: the node lets go fenceLead before the grant ends.',
    '    Recorded: -1.5 s of the grant left.',
    '    Recorded: newKey=[1], constructor=x␛.',
  ]);
});

it('shows records of every kind, long and hostile text cut and made visible', () => {
  const syslog = {
    received_at: new Date(0),
    source_address: '10.0.0.1',
    severity: 3,
    hostname: 'h',
    app_name: null,
    message: `\u001b[2J${'x'.repeat(200)}`,
  };
  const [head, line] = recordsText('syslog', [syslog], plain);
  expect(head).toBe('RECEIVED (UTC)           FROM      SEVERITY  HOST  APP  MESSAGE');
  expect(line).toMatch(/^1970-01-01 00:00:00\.000 {2}10\.0\.0\.1 {2}err {7}h {10}␛\[2Jx{95}…$/);
  const trap = { received_at: null, trap_oid: '1.3.6', varbinds: [{ oid: '1.3', type: 'INTEGER', value: 4 }] };
  expect(recordsText('traps', [trap], plain)[1]).toMatch(/1\.3\.6 {2}1\.3=4$/);
  const flow = { exporter: 'e', version: 9, source_address: '1.1.1.1', source_port: 80, octets: '1234567' };
  expect(recordsText('flows', [flow], plain)[1]).toMatch(/^ +e {9}9 {2}1\.1\.1\.1:80 .* 1 234 567$/);
  expect(recordsText('flows', [], plain)).toEqual(['No flows are stored yet.']);
});

it('writes integers that JSON readers would spoil as text', () => {
  expect(jsonText({ octets: 2n ** 60n })).toBe('{"octets":"1152921504606846976"}');
});

it.each([
  [new CodedError('HS_USAGE', 'm'), 64, 'HS_USAGE'],
  [new BusError('disconnected', 'm'), 69, 'HS_NATS_UNREACHABLE'],
  [new BusError('timeout', 'm'), 69, 'HS_NO_ANSWER'],
  [new BusError('remote', 'm', 'HS_NO_STANDBY'), 1, 'HS_NO_STANDBY'],
  [new BusError('remote', 'm', 'HS_MADE_UP'), 70, 'HS_INTERNAL'],
  [new StoreError('unreachable', 'm'), 69, 'HS_STORE_UNREACHABLE'],
  [new StoreError('refused', 'm'), 78, 'HS_STORE_REFUSED'],
  [new Error('m'), 70, 'HS_INTERNAL'],
])('ends with the documented exit code: %s', (error, code, name) => {
  const told: string[] = [];
  const output = { out: () => {}, err: (line: string) => void told.push(line), paint: plain };
  expect(tellFault(error, { ...output, json: false })).toBe(code);
  expect(told).toEqual([`error m (${name})`, expect.stringMatching(/^cure {2}\S/)]);
  expect(tellFault(error, { ...output, json: true })).toBe(code);
  expect(JSON.parse(told.at(-1) ?? '')).toMatchObject({ error: { code: name, message: 'm' } });
});
