import type { ArbiterDescription } from '@hotstandby/contracts';
import { type Layout, type NodeName, nodeNames, ports } from './layout.ts';
import type { GroupState } from './supervisor.ts';
import type { Takeover } from './takeover.ts';
import type { TrafficKind } from './traffic/generator.ts';
import type { ServiceHealth } from './watch.ts';

/** Everything that the live lines show. */
export interface PairView {
  nodes: Record<
    NodeName,
    { state: GroupState; arbiter: ArbiterDescription | null; services: Map<string, ServiceHealth> }
  >;
  active: NodeName | null;
  takeover: Takeover | null;
  records: Record<TrafficKind, number> | null;
  perSecond: number;
  trafficOn: boolean;
  mails: { count: number; last: string | null };
  nowMs: number;
}

const staleAfterMs = 3000;
const bold = (text: string) => `\u001b[1m${text}\u001b[22m`;
const dim = (text: string) => `\u001b[2m${text}\u001b[22m`;
const coloured = (code: number) => (text: string) => `\u001b[${code}m${text}\u001b[39m`;
const [red, green, yellow] = [coloured(31), coloured(32), coloured(33)] as const;

/** The lines at the foot of the terminal, each at most `columns` wide. */
export function renderLive(layout: Layout, view: PairView, columns: number): string[] {
  const lines = [
    dim('─'.repeat(Math.max(0, columns - 1))),
    ...nodeNames.map((node) => nodeLine(layout, view, node)),
    summaryLine(view),
    recordsLine(view),
    `${bold('k')} kill the active  ${bold('f')} freeze it  ${bold('s')} switch over  ${bold('t')} traffic ${view.trafficOn ? 'off' : 'on'}  ${bold('r')} restart  ${bold('q')} quit`,
  ];
  return lines.map((line) => clip(` ${line}`, columns - 1));
}

function nodeLine(layout: Layout, view: PairView, node: NodeName): string {
  const { state, arbiter, services } = view.nodes[node];
  const name = `node ${node}`;
  if (state === 'killed') return `${name}  ${red('KILLED').padEnd(20)}  r starts it again`;
  if (state === 'frozen') return `${name}  ${yellow('FROZEN').padEnd(20)}  r thaws it`;
  const role = arbiter?.role ?? 'starting';
  const shown = (role === 'active' ? green('ACTIVE') : role).padEnd(role === 'active' ? 20 : 10);
  const own = arbiter?.nodes.find((one) => one.name === node);
  const epoch = `epoch ${arbiter?.epoch ?? '-'}`.padEnd(10);
  const beats = `beats ${own?.lastCount ?? '-'}`.padEnd(14);
  return `${name}  ${shown}  ${epoch} ${beats} ${healthText(services, view.nowMs)}  http://${layout.addresses[node]}:${ports.console}`;
}

function healthText(services: Map<string, ServiceHealth>, nowMs: number): string {
  const fresh = [...services].filter(([, one]) => nowMs - one.seenAtMs < staleAfterMs);
  const sick = fresh.filter(([, one]) => one.health !== 'ok');
  const count = `${fresh.length - sick.length} services ok`;
  const [first] = sick;
  return first ? `${count}, ${yellow(`${first[0]}: ${first[1].summary}`)}` : count;
}

function summaryLine(view: PairView): string {
  const arbiter = view.active ? view.nodes[view.active].arbiter : null;
  const standby = arbiter?.standby?.name;
  const redundancy =
    arbiter?.redundancy === 'ready'
      ? green(`redundancy: ready (${standby ?? 'standby'} can take over)`)
      : arbiter
        ? yellow(`redundancy: ${arbiter.redundancy}`)
        : red('nobody is active');
  const last = view.takeover
    ? `last take-over ${bold(`${view.takeover.ms} ms`)} (${view.takeover.what})`
    : 'no take-over yet';
  return `${redundancy}   ${last}`;
}

function recordsLine(view: PairView): string {
  const { records } = view;
  const number = (value: number) => value.toLocaleString('en-US');
  const stored = records
    ? `stored: syslog ${number(records.syslog)}  traps ${number(records.trap)}  flows ${number(records.flow)}  (${view.perSecond}/s)`
    : 'stored: the database cannot be asked yet';
  const mails = `mails ${view.mails.count}${view.mails.last ? `: ${view.mails.last}` : ''}`;
  return `${stored}   traffic ${view.trafficOn ? green('on') : 'off'}   ${mails}`;
}

/** Cuts at a width, counting what is seen and not what colours it. */
export function clip(text: string, width: number): string {
  let seen = 0;
  let kept = '';
  for (const [token] of text.matchAll(/\u001b\[[0-9;]*m|./gsu)) {
    const visible = token.startsWith('\u001b[') ? 0 : 1;
    if (seen + visible > width) return `${kept}\u001b[0m`;
    seen += visible;
    kept += token;
  }
  return kept;
}
