import {
  arbiterDescription,
  CodedError,
  commandExitCode,
  errorCodes,
  exitCodes,
  parse,
  pauseResult,
  subjects,
  switchoverResult,
  type ErrorCode,
  type NodeStatus,
} from '@hotstandby/contracts';
import { activeOf, PairView, type PairParts } from '../../pair-view/index.ts';
import { jsonText, tellFault, type Output } from '../output.ts';
import { duration } from '../text/amount.ts';

export interface Asker {
  /** Who asks, for the history. */
  operator: string;
  reason: string;
}

const handOverTimeoutMs = 150_000;
const pauseTimeoutMs = 30_000;
const describeTimeoutMs = 3000;

/** The active, else any node whose arbiter answers: both write the same store. */
async function anyArbiter(parts: PairParts): Promise<string> {
  const nodes = await new PairView(parts).nodes();
  const name = activeOf(nodes)?.name;
  const answering = nodes.filter(({ arbiter }) => arbiter !== null);
  const [first] = answering.toSorted((one, other) => rank(other, name) - rank(one, name));
  if (first) return first.name;
  throw new CodedError('HS_NO_ANSWER', `no arbiter answers: ${nodes.find((node) => node.fault)?.fault?.message ?? ''}`);
}

const rank = (node: NodeStatus, active: string | undefined): number =>
  node.name === active ? 2 : node.arbiter?.store.reachable ? 1 : 0;

async function ask(parts: PairParts, what: 'pause' | 'resume' | 'failback', node: string, request: object) {
  const at = { cluster: parts.config.cluster, node };
  return parts.bus.request(subjects[what](at), request, what === 'failback' ? handOverTimeoutMs : pauseTimeoutMs);
}

/** No take-over by itself until the time is up. 0: paused; 1: not. */
export async function pauseCommand(
  order: Asker & { forMs: number },
  parts: PairParts,
  output: Output,
): Promise<number> {
  const result = parse(
    pauseResult,
    await ask(parts, 'pause', await anyArbiter(parts), order),
    "the arbiter's answer to a pause",
  );
  const left = result.pause ? ` (${duration(result.pause.remainingMs)})` : '';
  return tell(result, `${result.message}${left}; nobody takes over until then`, output);
}

/** Ends the pause. 0: done; 1: not, above all because none is on. */
export async function resumeCommand(order: Asker, parts: PairParts, output: Output): Promise<number> {
  const answer = await ask(parts, 'resume', await anyArbiter(parts), order);
  const result = parse(pauseResult, answer, "the arbiter's answer to a resume");
  return tell(result, result.message, output);
}

/** Has the active hand over to the primary. 0: the primary is active; 1: not, and why. */
export async function failbackCommand(
  order: Asker & { force: boolean },
  parts: PairParts,
  output: Output,
): Promise<number> {
  const nodes = await new PairView(parts).nodes();
  const active = activeOf(nodes);
  if (!active) throw new CodedError('HS_NOT_ACTIVE', 'no node is active', { cure: 'See `hotstandby status` for why.' });
  if (!output.json) output.err(`asking ${active.name} (${active.address}) to hand over to the primary ...`);
  const answer = await ask(parts, 'failback', active.name, order);
  const result = parse(switchoverResult, answer, "the arbiter's answer to a failback");
  return tell(result, result.message, output);
}

/** What an operator who takes the lease by force vouches for. */
export function takeoverWarning(node: string): string[] {
  return [
    `This takes the lease for ${node}, whoever held it. It is for the case that nobody may take over by the rules:`,
    'during a pause, with policy.enabled: false, or on a third node when the other two are silent.',
    'It assumes that the former active is dead or fenced: switched off, or cut off from its clients. When it is alive',
    'and still hears its own standby, it goes on being active, and both answer until it sees the store again.',
    'The waits are kept: an active that gives signs of life in the store or to this node loses nothing.',
  ];
}

/** Takes the lease for the very node that is asked. 0: it is active; 1: not, and why. */
export async function takeoverCommand(
  order: Asker & { confirmed: boolean },
  parts: PairParts,
  output: Output,
  confirm: (question: string) => Promise<boolean>,
): Promise<number> {
  const { cluster, node } = parts.config;
  const at = { cluster, node: node.name };
  // Before the question: what the operator vouches for is what is there now, not what may begin while he thinks.
  const seen = await parts.bus.request(subjects.describe(at), {}, describeTimeoutMs);
  const { epoch } = parse(arbiterDescription, seen, "the arbiter's description");
  if (!order.confirmed) {
    if (!output.json) for (const line of takeoverWarning(node.name)) output.err(line);
    if (!(await confirm(`Type the name of the node (${node.name}) to go on: `))) {
      throw new CodedError('HS_USAGE', 'nothing was done: the take-over was not confirmed', {
        cure: `Confirm with the name of the node on a terminal, or give --force.`,
      });
    }
  }
  if (!output.json) output.err(`asking ${node.name} (${node.address}) to take the lease from epoch ${epoch} ...`);
  const { operator, reason } = order;
  const answer = await parts.bus.request(subjects.takeover(at), { operator, reason, epoch }, handOverTimeoutMs);
  const result = parse(switchoverResult, answer, "the arbiter's answer to a takeover");
  return tell(result, result.message, output);
}

function tell(result: { done: boolean; code: string | null; message: string }, done: string, output: Output): number {
  if (output.json) output.out(jsonText(result, 2));
  if (result.done) {
    if (!output.json) output.out(`${output.paint('green', 'done')}: ${done}`);
    return exitCodes.ok;
  }
  const code = result.code !== null && result.code in errorCodes ? (result.code as ErrorCode) : 'HS_BUSY';
  const fault = new CodedError(code, result.message);
  return output.json ? commandExitCode(code) : tellFault(fault, output);
}
