import { serviceNames, type NodeStatus, type PairStatus, type ServiceSeen } from '@hotstandby/contracts';
import { eventLine } from './event-line.ts';
import { staleLines } from './stale-lines.ts';
import { count, duration, moment } from './text/amount.ts';
import { printable, type Colour, type Paint } from './text/paint.ts';
import { table, type Cell } from './text/table.ts';

/** After this silence a service is shown as silent, whatever it said last. */
const silentAfterMs = 3000;

/** The pair at one look. */
export function statusText(status: PairStatus, paint: Paint): string[] {
  return [
    ...headLines(status, paint),
    '',
    ...table(
      paint,
      ['NODE', 'ADDRESS', 'ROLE', 'EPOCH', 'BEATS', 'SEEN', 'GRANT', 'STORE', 'VIRTUAL IP'],
      status.nodes.map((node) => nodeRow(node, status)),
    ),
    ...status.nodes.flatMap((node) => reasonLines(node, paint)),
    '',
    ...table(paint, ['SERVICE', ...status.nodes.map(({ name }) => `NODE ${name}`)], serviceRows(status)),
    ...troubleLines(status, paint),
    ...staleLines(status, paint),
    ...(status.events.length > 0 ? ['', paint('grey', 'LAST EVENTS')] : []),
    ...status.events.map((event) => eventLine(event, paint)),
  ];
}

function headLines(status: PairStatus, paint: Paint): string[] {
  const { active, redundancy, store } = status;
  const standing: Record<PairStatus['redundancy'], [Colour, string]> = {
    ready: ['green', 'ready: a standby is there'],
    lost: ['red', 'lost: no standby could take over'],
    unknown: ['yellow', 'unknown: no active node says so'],
  };
  const [colour, redundancyText] = standing[redundancy];
  const { records } = store;
  const stored = records
    ? `syslog ${count(records.syslog)}, traps ${count(records.trap)}, flows ${count(records.flow)}`
    : 'unknown';
  const profile = status.nodes.flatMap(({ arbiter }) => arbiter?.timing ?? [])[0];
  const lines: [string, string][] = [
    ['cluster', `${status.cluster}   epoch ${status.epoch ?? 'unknown'}`],
    ...pauseLine(status, paint),
    ['active', active ? paint('bold', `${active.name} (${active.address})`) : paint('red', 'nobody that is known')],
    ...(failoverIsOff(status)
      ? [
          ['failover', paint('yellow', 'off (policy.enabled: false): nobody takes over from the active')] as [
            string,
            string,
          ],
        ]
      : [['redundancy', paint(colour, redundancyText)] as [string, string]]),
    ...policyLines(status, paint),
    ['store', store.reachable ? paint('green', 'reachable') : paint('red', `away: ${store.fault?.message ?? ''}`)],
    ['records', stored],
    ...(profile ? [['timing', timingText(profile)] as [string, string]] : []),
  ];
  return lines.map(([name, text]) => `${paint('grey', name.padEnd(10))}  ${text}`);
}

/** The active's word counts, else whoever knows of a pause. */
function pauseLine({ nodes }: PairStatus, paint: Paint): [string, string][] {
  const arbiters = nodes.flatMap(({ arbiter }) => arbiter ?? []);
  const pause = (arbiters.find(({ role }) => role === 'active') ?? arbiters.find((one) => one.pause))?.pause;
  if (!pause) return [];
  const why = pause.reason ? `: ${printable(pause.reason)}` : '';
  const until = `until ${moment(pause.endsAt)}, ${duration(pause.remainingMs)} left`;
  const text = `${until}; nobody takes over by itself (${printable(pause.operator)}${why})`;
  return [['paused', paint('yellow', text)]];
}

function failoverIsOff({ nodes }: PairStatus): boolean {
  return nodes.some(({ arbiter }) => arbiter?.role === 'active' && arbiter.policy?.enabled === false);
}

/** What the active's policies say is next, and in what the nodes differ. */
function policyLines({ nodes }: PairStatus, paint: Paint): [string, string][] {
  const arbiters = nodes.flatMap(({ arbiter }) => arbiter ?? []);
  const active = arbiters.find(({ role }) => role === 'active')?.policy;
  const differ = [...new Set(arbiters.flatMap(({ policy }) => policy?.mismatch ?? []))];
  const lines: [string, string][] = [];
  if (active?.note) lines.push(['policy', paint(active.unwell.length > 0 ? 'yellow' : 'bold', printable(active.note))]);
  if (differ.length > 0) {
    const fields = differ.map((field) => `policy.${printable(field)}`).join(', ');
    const text = `the nodes differ in ${fields}: give both the same (HS_POLICY_MISMATCH)`;
    lines.push(['policy', paint('red', text)]);
  }
  return lines;
}

function timingText({
  profile,
  beatMs,
  leaseTtlMs,
  takeoverWaitMs,
}: NonNullable<NodeStatus['arbiter']>['timing']): string {
  const wait = duration(Math.ceil(takeoverWaitMs));
  return `profile ${profile}: beat ${duration(beatMs)}, lease ${duration(leaseTtlMs)}, take-over after ${wait}`;
}

function nodeRow(node: NodeStatus, status: PairStatus): Cell[] {
  const { arbiter, fault } = node;
  const known = status.nodes
    .flatMap((other) => other.arbiter?.nodes ?? [])
    .filter(({ name }) => name === node.name)
    .toSorted((one, other) => other.lastCount - one.lastCount)[0];
  const beats: Cell = { text: known ? count(known.lastCount) : '-', right: true };
  const seen: Cell = known?.silentMs == null ? '-' : `${duration(known.silentMs)} ago`;
  if (!arbiter) {
    const text = fault?.code === 'HS_NATS_UNREACHABLE' ? 'cannot be asked' : 'does not answer';
    return [node.name, node.address, { text, colour: 'red' }, '-', beats, seen, '-', '-', '-'];
  }
  const { grantRemainingMs } = arbiter;
  return [
    node.name,
    node.address,
    { text: arbiter.role, colour: roleColour(arbiter.role) },
    String(arbiter.epoch),
    beats,
    seen,
    grantRemainingMs === null ? '-' : duration(Math.max(0, grantRemainingMs)),
    arbiter.store.reachable ? { text: 'reachable', colour: 'green' } : { text: 'away', colour: 'red' },
    boundAddresses(node),
  ];
}

function roleColour(role: string): Colour {
  if (role === 'active') return 'green';
  return role === 'standby' || role === 'starting' ? 'yellow' : 'red';
}

function boundAddresses({ services }: NodeStatus): string {
  const detail = services.find(({ service }) => service === 'network-binding')?.detail;
  if (!detail) return '-';
  const bound = Array.isArray(detail.bound) ? detail.bound.map(String) : [];
  return bound.length > 0 ? bound.join(', ') : detail.mode === 'none' ? 'none' : 'not here';
}

function reasonLines({ name, arbiter, fault }: NodeStatus, paint: Paint): string[] {
  const lines: string[] = [];
  if (arbiter) lines.push(`${paint('grey', `${name}:`)} ${printable(arbiter.reason)}`);
  if (arbiter && !arbiter.store.reachable && arbiter.store.message) {
    lines.push(`${paint('grey', `${name}:`)} ${paint('red', printable(arbiter.store.message))}`);
  }
  if (fault) lines.push(`${paint('grey', `${name}:`)} ${paint('red', `${fault.code} ${printable(fault.message)}`)}`);
  return lines;
}

function serviceRows(status: PairStatus): Cell[][] {
  const others = status.nodes.flatMap(({ services }) => services.map(({ service }) => service));
  const names = [...new Set<string>([...serviceNames, ...others])];
  return names.map((name) => [
    name,
    ...status.nodes.map(({ services }) => healthCell(services.filter(({ service }) => service === name))),
  ]);
}

function healthCell(instances: ServiceSeen[]): Cell {
  if (instances.length === 0) return { text: 'not heard', colour: 'red' };
  const worst = instances.map(healthOf).toSorted((one, other) => other.rank - one.rank)[0];
  if (!worst) return '-';
  return { text: instances.length > 1 ? `${worst.text} (${instances.length})` : worst.text, colour: worst.colour };
}

function healthOf({ health, ageMs }: ServiceSeen): { rank: number; text: string; colour: Colour } {
  if (ageMs > silentAfterMs) return { rank: 3, text: `silent for ${duration(ageMs)}`, colour: 'red' };
  if (health === 'failed') return { rank: 2, text: 'failed', colour: 'red' };
  return health === 'degraded'
    ? { rank: 1, text: 'degraded', colour: 'yellow' }
    : { rank: 0, text: 'ok', colour: 'green' };
}

/** What the services that are not well say of themselves. */
function troubleLines(status: PairStatus, paint: Paint): string[] {
  return status.nodes.flatMap(({ name, services }) =>
    services
      .filter(({ health, ageMs }) => health !== 'ok' && ageMs <= silentAfterMs)
      .map(({ service, health, summary }) => {
        const colour = health === 'failed' ? 'red' : 'yellow';
        return `${paint(colour, `${name}/${service}`)}: ${printable(summary)}`;
      }),
  );
}
