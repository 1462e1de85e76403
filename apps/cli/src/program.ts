import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { exitCodes, pauseMs, recordKinds, version, type ApiError, type RecordKind } from '@hotstandby/contracts';
import type { EventsRequest } from '@hotstandby/services/cli';

/** What holds for every command. */
export interface GlobalOptions {
  config?: string;
  node?: string;
  json: boolean;
}

/** What the commands do; each resolves with its exit code and tells faults itself. */
export interface Commands {
  status(options: GlobalOptions): Promise<number>;
  events(options: GlobalOptions, request: EventsRequest): Promise<number>;
  history(options: GlobalOptions, last: number): Promise<number>;
  records(options: GlobalOptions, kind: RecordKind, last: number): Promise<number>;
  verifyLedger(options: GlobalOptions, spanMs: number): Promise<number>;
  switchover(options: GlobalOptions, reason: string): Promise<number>;
  failback(options: GlobalOptions, request: { reason: string; force: boolean }): Promise<number>;
  pause(options: GlobalOptions, request: { reason: string; forMs: number }): Promise<number>;
  resume(options: GlobalOptions, reason: string): Promise<number>;
  takeover(options: GlobalOptions, request: { reason: string; force: boolean }): Promise<number>;
  check(options: GlobalOptions, files: string[]): Promise<number>;
  bindingPlan(options: GlobalOptions): Promise<number>;
  preflight(options: GlobalOptions): Promise<number>;
  importFiles(options: GlobalOptions, files: string[], request: ImportRequest): Promise<number>;
  explain(options: GlobalOptions, name: string | undefined): Promise<number>;
}

export interface ImportRequest {
  /** The configuration file that takes the settings. */
  out?: string | undefined;
  /** Says what would be, and writes nothing. */
  check: boolean;
}

export interface Writers {
  out(text: string): void;
  err(text: string): void;
}

/** Understands a command line (without the program's own name), runs the command and resolves with the exit code. */
export async function runCommandLine(args: string[], commands: Commands, writers: Writers): Promise<number> {
  let code: number = exitCodes.ok;
  const json = args.includes('--json');
  const program = commandLine(commands, (result) => (code = result))
    .exitOverride()
    .configureOutput({ writeOut: (text) => writers.out(text), writeErr: (text) => void (json || writers.err(text)) });
  // Commands made before do not inherit it.
  for (const command of program.commands) inherit(command, program);
  try {
    await program.parseAsync(args, { from: 'user' });
    return code;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    const asked = ['commander.helpDisplayed', 'commander.version'].includes(error.code);
    if (asked) return exitCodes.ok;
    if (json) writers.err(`${JSON.stringify({ error: usageError(error) })}\n`);
    return exitCodes.usage;
  }
}

/** As every other error for machines; commander's own words begin with `error: `, and for no command it has none. */
function usageError({ code, message }: CommanderError): ApiError {
  const said = code === 'commander.help' ? 'no command is given' : message.replace(/^error: /, '');
  return { code: 'HS_USAGE', message: said, cure: 'See hotstandby --help.' };
}

function inherit(command: Command, from: Command): void {
  command.exitOverride().copyInheritedSettings(from);
  for (const inner of command.commands) inherit(inner, command);
}

function commandLine(commands: Commands, done: (code: number) => void): Command {
  const program = new Command('hotstandby')
    .description('See what a hot-standby pair is doing, and hand over on purpose.')
    .version(version)
    .option('--config <file>', "a node's configuration; by default that of the pair that npm start runs in this clone")
    .option('--node <name>', 'ask this node only')
    .option('--json', 'output for machines', false)
    .helpCommand(true)
    .showHelpAfterError('See hotstandby --help.')
    .addHelpText('after', examples);
  const options = () => program.opts<GlobalOptions>();

  program
    .command('status')
    .description('both nodes, their roles and services, the store and the last events; exit 1 when nobody is active')
    .action(async () => done(await commands.status(options())));

  program
    .command('events')
    .description('the events of both nodes, oldest first')
    .option('-f, --follow', 'go on until Ctrl-C', false)
    .option('--after <id>', 'only what came after the event of this id')
    .option('--type <type>', 'only events of this type; may be given again', collect)
    .addOption(lastOption(20, 'how many of the newest to begin with, without --after', 0))
    .action(async ({ follow, after, type, last }: EventsFlags) =>
      done(await commands.events(options(), { follow, after, types: type, last })),
    );

  program
    .command('history')
    .description('the transitions of both nodes with rule and evidence, from the store, oldest first')
    .addOption(lastOption(20, 'how many of the newest'))
    .action(async ({ last }: { last: number }) => done(await commands.history(options(), last)));

  program
    .command('records')
    .description('the last stored records, oldest first')
    .argument('<kind>', recordKinds.join(', '), oneOfKinds)
    .addOption(lastOption(10, 'how many of the newest'))
    .action(async (kind: RecordKind, { last }: { last: number }) =>
      done(await commands.records(options(), kind, last)),
    );

  program
    .command('ledger')
    .description('what the ledger of deliveries says')
    .command('verify')
    .description(
      'prove that what both nodes received is stored, once; exit 1 on loss or doubling, 69 when nobody can tell',
    )
    .option('--last <time>', 'how far back: 90s, 5m, 1h (1 s to 3 h)', spanOfLedger, 300_000)
    .action(async ({ last }: { last: number }) => done(await commands.verifyLedger(options(), last)));

  program
    .command('switchover')
    .description('have the active hand its role to the standby; exit 1 when it was not done')
    .option('--reason <text>', 'why, for the history', maximum(1000), '')
    .action(async ({ reason }: { reason: string }) => done(await commands.switchover(options(), reason)));

  program
    .command('failback')
    .description('have the active hand its role to the primary; exit 1 when it was not done')
    .option('--reason <text>', 'why, for the history', maximum(1000), '')
    .option('--force', 'also during a pause, against policy.failback: never, and to a primary that is not well', false)
    .action(async (request: { reason: string; force: boolean }) => done(await commands.failback(options(), request)));

  program
    .command('pause')
    .description('for maintenance: no take-over, failback or hand-over by itself until the time is up')
    .requiredOption('--for <time>', 'how long: 90s, 30m, 12h, 7d (1 s to 7 days)', lengthOfPause)
    .option('--reason <text>', 'why, for everybody who looks', maximum(1000), '')
    .action(async ({ for: forMs, reason }: { for: number; reason: string }) =>
      done(await commands.pause(options(), { forMs, reason })),
    );

  program
    .command('resume')
    .description('end the pause; exit 1 when none is on')
    .option('--reason <text>', 'why', maximum(1000), '')
    .action(async ({ reason }: { reason: string }) => done(await commands.resume(options(), reason)));

  program
    .command('takeover')
    .description('take the lease for this node by force, when the rules let nobody; says what it assumes and asks')
    .option('--reason <text>', 'why, for the history', maximum(1000), '')
    .option('--force', 'do not ask', false)
    .action(async (request: { reason: string; force: boolean }) => done(await commands.takeover(options(), request)));

  program
    .command('check')
    .description('check configuration files; starts and connects to nothing')
    .argument('[file...]', 'by default --config, or those of the pair')
    .action(async (files: string[]) => done(await commands.check(options(), files)));

  program
    .command('preflight')
    .description(
      'what this node needs, looked at before it is needed: each line ok, warn or fail; exit 1 when one fails',
    )
    .option(
      '--binding',
      'the binding: rights, subnet, a free address, nftables; DNS: key, update, clock, names; and the right to forward under original addresses',
      true,
    )
    .action(async () => done(await commands.preflight(options())));

  program
    .command('binding')
    .description('the virtual IP or hostname of this node')
    .command('plan')
    .description('what this node would do for its binding in either role, what it goes by, and why; changes nothing')
    .action(async () => done(await commands.bindingPlan(options())));

  program
    .command('import')
    .description('what the configuration of an older system becomes: FailOver.xml, startnms.sh, itom_fos.conf')
    .argument('<file...>', 'one or more of them')
    .option('--out <file>', 'put it into this configuration, or begin a new one; without it, it is only shown')
    .option('--check', 'with --out: write nothing', false)
    .action(async (files: string[], { out, check }: ImportRequest) =>
      done(await commands.importFiles(options(), files, { out, check })),
    );

  program
    .command('explain')
    .description(
      'what a rule of the history, an event type, an error code or a key of evidence means; alone: all of them',
    )
    .argument('[name]', 'like claim-silent-holder, store.lost, HS_NO_STANDBY, silentMs')
    .action(async (name: string | undefined) => done(await commands.explain(options(), name)));
  return program;
}

interface EventsFlags {
  follow: boolean;
  after?: string;
  type?: string[];
  last: number;
}

function lastOption(fallback: number, description: string, least = 1): Option {
  return new Option('--last <n>', description).default(fallback).argParser((text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= 1000) return value;
    throw new InvalidArgumentError(`It is a whole number from ${least} to 1000.`);
  });
}

function oneOfKinds(text: string): RecordKind {
  const kind = recordKinds.find((known) => known === text);
  if (kind) return kind;
  throw new InvalidArgumentError(`It is one of ${recordKinds.join(', ')}.`);
}

function maximum(longest: number): (text: string) => string {
  return (text) => {
    if (text.length <= longest) return text;
    throw new InvalidArgumentError(`It has at most ${longest} characters.`);
  };
}

const unitMs: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

function lengthOfPause(text: string): number {
  const [, amount, unit = ''] = /^(\d{1,9})([smhd])$/.exec(text) ?? [];
  const forMs = Number(amount) * (unitMs[unit] ?? Number.NaN);
  if (forMs >= pauseMs.least && forMs <= pauseMs.most) return forMs;
  throw new InvalidArgumentError('It is a time from 1s to 7d, like 90s, 30m or 12h.');
}

const longestSpanMs = 3 * 3_600_000;

function spanOfLedger(text: string): number {
  const [, amount, unit = ''] = /^(\d{1,9})([smh])$/.exec(text) ?? [];
  const spanMs = Number(amount) * (unitMs[unit] ?? Number.NaN);
  if (spanMs >= 1000 && spanMs <= longestSpanMs) return spanMs;
  throw new InvalidArgumentError('It is a time from 1s to 3h, like 90s or 5m.');
}

function collect(text: string, before: string[] = []): string[] {
  if (!/^[a-z][a-z.-]{0,99}$/.test(text)) throw new InvalidArgumentError('An event type is like role.changed.');
  return [...before, text];
}

const examples = `
Examples:
  hotstandby status
  hotstandby events --follow --type role.changed
  hotstandby records syslog --last 5
  hotstandby ledger verify --last 10m
  hotstandby switchover --reason "kernel update on a"
  hotstandby pause --for 30m --reason "new switch"
  hotstandby --config /etc/hotstandby/node.yaml --json status
  hotstandby check node.yaml
  hotstandby preflight --binding
  hotstandby explain claim-silent-holder
  hotstandby import /opt/webnms/conf/FailOver.xml --out node.yaml

Exit codes: 0 ok, 1 the answer is no or it was not done, 64 usage, 69 what was asked does not answer,
70 a fault of the program, 78 configuration. All of it: docs/cli.md.
`;
