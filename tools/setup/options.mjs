// The options of `npm start` and `npm run demo`: one table for parsing, help and the pair itself.
import { parseArgs } from 'node:util';
import { Fault } from './progress.mjs';

const profiles = ['fast', 'standard', 'classic'];
const scenarios = ['crash', 'switchover', 'freeze'];

const table = {
  data: { type: 'string', of: 'DIR', text: 'where the pair keeps everything (default .hotstandby/pair)' },
  reset: { type: 'boolean', text: 'throw away what an earlier run left in the data folder' },
  profile: {
    type: 'string',
    of: 'NAME',
    text: 'timings: fast (default here; beats of 40 ms), standard (what a real node uses: 500 ms), classic (20 s)',
  },
  for: { type: 'string', of: 'SECONDS', text: 'stop by itself that long after a node became active', only: 'start' },
  traffic: { type: 'boolean', text: 'start with the test traffic on (key t)', only: 'start' },
  plain: { type: 'boolean', text: 'plain lines instead of the live screen', only: 'start' },
  vip: {
    type: 'boolean',
    text: 'in network namespaces with a real virtual IP (root, or user namespaces)',
  },
  hostname: {
    type: 'boolean',
    text: 'with a DNS server (BIND) and a virtual hostname that leads to the active',
  },
  net: {
    type: 'string',
    of: '127.X.Y',
    text: 'first three numbers of the loopback addresses (default 127.0.0), so that two pairs can run side by side',
  },
  scenario: { type: 'string', of: 'NAME', text: 'crash (default), switchover or freeze', only: 'demo' },
  takeovers: {
    type: 'string',
    of: 'N',
    text: 'so many take-overs in a row (kill -9 of the whole active), each counted by itself',
    only: 'demo',
  },
  json: { type: 'boolean', text: 'one JSON report on stdout; progress goes to stderr', only: 'demo' },
  rate: { type: 'string', of: 'N', text: 'datagrams a second of each kind (default 50)' },
  prepare: { type: 'boolean', text: 'install and build what is missing, start nothing' },
  help: { type: 'boolean', text: 'this text' },
};

/** Throws a Fault (exit code 2) that names what is wrong. The first word may be the command, `start` by default. */
export function parseOptions(argv) {
  const commands = ['start', 'demo'];
  const command = commands.includes(argv[0] ?? '') ? argv[0] : 'start';
  const rest = command === argv[0] ? argv.slice(1) : argv;
  const wrong = (message) =>
    new Fault(message, `npm ${command === 'demo' ? 'run demo' : 'start'} -- --help lists the options.`, 2);
  let values;
  try {
    const known = Object.fromEntries(Object.entries(table).map(([name, { type }]) => [name, { type }]));
    ({ values } = parseArgs({ args: rest, options: known, strict: true, allowPositionals: false }));
  } catch (error) {
    throw wrong(error.message);
  }
  for (const name of Object.keys(values)) {
    const only = table[name].only;
    if (only && only !== command)
      throw wrong(`--${name} belongs to ${only === 'demo' ? 'npm run demo' : 'npm start'}.`);
  }
  const oneOf = (name, fallback, allowed) => {
    const value = values[name] ?? fallback;
    if (!allowed.includes(value)) throw wrong(`--${name} must be one of ${allowed.join(', ')}; got "${value}".`);
    return value;
  };
  const number = (name, least, most) => {
    if (values[name] === undefined) return null;
    const value = Number(values[name]);
    if (values[name].trim() === '' || !Number.isFinite(value) || value < least || value > most)
      throw wrong(`--${name} must be a number from ${least} to ${most}; got "${String(values[name])}".`);
    return value;
  };
  const whole = (name, least, most) => {
    const value = number(name, least, most);
    if (value !== null && !Number.isInteger(value)) throw wrong(`--${name} must be a whole number.`);
    return value;
  };
  const net = values.net ?? '127.0.0';
  const numbers = net.split('.').map(Number);
  if (!/^127\.\d{1,3}\.\d{1,3}$/.test(net) || numbers.some((part) => part > 255))
    throw wrong(`--net must be 127.X.Y; got "${String(net)}".`);
  if (values.vip && values.hostname) throw wrong('--vip and --hostname are two ways to find the active: take one.');
  if (values.data === '') throw wrong('--data must name a folder.');
  return {
    command,
    data: values.data ?? null,
    reset: values.reset ?? false,
    profile: oneOf('profile', 'fast', profiles),
    forSeconds: number('for', 0, 31_536_000),
    traffic: values.traffic ?? false,
    plain: values.plain ?? false,
    vip: values.vip ?? false,
    hostname: values.hostname ?? false,
    net,
    scenario: oneOf('scenario', 'crash', scenarios),
    json: values.json ?? false,
    rate: number('rate', 1, 10_000) ?? 50,
    takeovers: whole('takeovers', 1, 1000),
    prepare: values.prepare ?? false,
    help: values.help ?? false,
  };
}

export function helpText(command) {
  const lines = Object.entries(table)
    .filter(([, option]) => !option.only || option.only === command)
    .map(([name, option]) => `  ${`--${name}${option.of ? ` ${option.of}` : ''}`.padEnd(20)} ${option.text}`);
  const what =
    command === 'demo'
      ? 'npm run demo -- [options]   an unattended take-over on real telemetry, and a report from the database'
      : 'npm start -- [options]   a pair of nodes on this machine to try: kill the active one and watch';
  return `${what}\n\n${lines.join('\n')}\n`;
}
