import { expect, it } from 'vitest';
import { runCommandLine, type Commands } from './program.ts';

async function run(...args: string[]) {
  const called: unknown[] = [];
  const note =
    (name: string, code = 0) =>
    async (...given: unknown[]) => {
      called.push([name, ...given]);
      return code;
    };
  const commands = {
    status: note('status', 1),
    events: note('events'),
    history: note('history'),
    records: note('records'),
    switchover: note('switchover'),
    failback: note('failback'),
    pause: note('pause'),
    resume: note('resume'),
    takeover: note('takeover'),
    check: note('check', 78),
    explain: note('explain'),
    importFiles: note('import', 78),
    bindingPlan: note('binding plan', 1),
    preflight: note('preflight'),
  } as Commands;
  let out = '';
  let err = '';
  const code = await runCommandLine(args, commands, {
    out: (text) => (out += text),
    err: (text) => (err += text),
  });
  return { code, called, out, err };
}

const none = { json: false };

it('passes on what the command answers, and global options wherever they stand', async () => {
  expect(await run('status')).toMatchObject({ code: 1, called: [['status', none]] });
  const everywhere = { config: 'x.yaml', node: 'b', json: true };
  expect((await run('--json', '--config', 'x.yaml', 'status', '--node', 'b')).called).toEqual([['status', everywhere]]);
  expect((await run('status', '--json', '--config=x.yaml', '--node', 'b')).called).toEqual([['status', everywhere]]);
  expect(await run('check', 'one', 'two')).toMatchObject({ code: 78, called: [['check', none, ['one', 'two']]] });
});

it('understands the options of each command', async () => {
  const events = (request: object) => [['events', none, request]];
  expect((await run('events')).called).toEqual(events({ follow: false, last: 20 }));
  expect(
    (await run('events', '-f', '--after', 'e1', '--type', 'role.changed', '--type', 'mail.sent', '--last', '0')).called,
  ).toEqual(events({ follow: true, after: 'e1', types: ['role.changed', 'mail.sent'], last: 0 }));
  expect((await run('history', '--last', '5')).called).toEqual([['history', none, 5]]);
  expect((await run('records', 'traps')).called).toEqual([['records', none, 'traps', 10]]);
  expect((await run('switchover', '--reason', 'kernel update')).called).toEqual([
    ['switchover', none, 'kernel update'],
  ]);
  expect((await run('failback', '--force')).called).toEqual([['failback', none, { reason: '', force: true }]]);
  expect((await run('takeover', '--reason', 'x')).called).toEqual([['takeover', none, { reason: 'x', force: false }]]);
  expect((await run('resume')).called).toEqual([['resume', none, '']]);
  for (const [text, forMs] of [
    ['1s', 1000],
    ['90s', 90_000],
    ['30m', 1_800_000],
    ['12h', 43_200_000],
    ['7d', 604_800_000],
  ])
    expect((await run('pause', '--for', `${text}`)).called).toEqual([['pause', none, { reason: '', forMs }]]);
  expect((await run('explain')).called).toEqual([['explain', none, undefined]]);
  expect(await run('import', 'a.xml', 'b.conf', '--out', 'n.yaml', '--check')).toMatchObject({
    code: 78,
    called: [['import', none, ['a.xml', 'b.conf'], { out: 'n.yaml', check: true }]],
  });
  expect((await run('import', 'a.xml')).called).toEqual([
    ['import', none, ['a.xml'], { out: undefined, check: false }],
  ]);
  expect(await run('binding', 'plan')).toMatchObject({ code: 1, called: [['binding plan', none]] });
  expect((await run('binding', 'plan', '--json')).called).toEqual([['binding plan', { json: true }]]);
  expect((await run('preflight', '--binding')).called).toEqual([['preflight', none]]);
  expect((await run('preflight')).called).toEqual([['preflight', none]]);
  expect((await run('explain', 'refused')).called).toEqual([['explain', none, 'refused']]);
});

it.each([
  [[]],
  [['frobnicate']],
  [['binding']],
  [['binding', 'unplan']],
  [['preflight', '--everything']],
  [['status', '--what']],
  [['status', 'surplus']],
  [['records']],
  [['records', 'mails']],
  [['history', '--last', '0']],
  [['explain', 'one', 'two']],
  [['import']],
  [['history', '--last', '1e3']],
  [['history', '--last', '1001']],
  [['history', '--last']],
  [['events', '--type', 'Not A Type']],
  [['pause']],
  [['pause', '--for', '0s']],
  [['pause', '--for', '30']],
  [['pause', '--for', '8d']],
  [['pause', '--for', '-5m']],
  [['pause', '--for', '1.5h']],
  [['pause', '--for', '1e3s']],
  [['takeover', '--reason', 'x'.repeat(1001)]],
  [['switchover', '--reason', 'x'.repeat(1001)]],
])('refuses %j with 64 and says why, without doing anything', async (args) => {
  const { code, called, err } = await run(...args);
  expect({ code, called }).toEqual({ code: 64, called: [] });
  expect(err).not.toBe('');
});

it('tells a machine what it does not understand as it tells every other error', async () => {
  const told = async (...args: string[]) => {
    const { code, err } = await run(...args);
    expect(code).toBe(64);
    return JSON.parse(err) as unknown;
  };
  const cure = 'See hotstandby --help.';
  expect(await told('--json', 'status', '--foo')).toEqual({
    error: { code: 'HS_USAGE', message: "unknown option '--foo'", cure },
  });
  expect(await told('--json', 'ledger')).toEqual({ error: { code: 'HS_USAGE', message: 'no command is given', cure } });
});

it('answers --help and --version with 0', async () => {
  expect(await run('--version')).toMatchObject({ code: 0, out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
  const help = await run('--help');
  expect(help.code).toBe(0);
  for (const word of ['switchover', 'Examples:', 'Exit codes:']) expect(help.out).toContain(word);
  expect((await run('help', 'records')).out).toContain('syslog, traps, flows');
  expect((await run('records', '--help')).code).toBe(0);
});
