import { execFile } from 'node:child_process';
import { DatabaseSync } from 'node:sqlite';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { rules } from '@hotstandby/core/lease';
import type { Transition } from '@hotstandby/ports';
import type { NodeName } from '../../../tools/pair/src/layout.ts';
import { root } from '../../parts/clone.ts';
import { environment, type NetworkPair } from './pair.ts';
import { inside } from './programs.ts';

/** The most that `hotstandby history` gives. */
export const mostShown = 1000;

/** `hotstandby history --json` as an operator on a node calls it, oldest first. */
export async function shownHistory(pair: NetworkPair, node: NodeName): Promise<Transition[]> {
  const { config } = pair.nodeFolders(node);
  const cli = join(root, 'apps', 'cli', 'bundle', 'main.mjs');
  const words = [process.execPath, cli, 'history', '--json', '--last', `${mostShown}`, '--config', config];
  const [program = '', ...args] = [...inside(pair.lan.namespace(node)), ...words];
  const text = await new Promise<string>((resolve, reject) => {
    execFile(program, args, { env: environment, timeout: 60_000, maxBuffer: 2 ** 26 }, (error, out) =>
      error ? reject(error) : resolve(out),
    );
  });
  return (JSON.parse(text) as { transitions: Transition[] }).transitions.toReversed();
}

/** The journal on a node that is stopped, oldest first. */
export function journalOf(dataDir: string): { transition: Transition; sent: boolean }[] {
  const database = new DatabaseSync(join(dataDir, 'node.db'));
  try {
    return database
      .prepare('select transition, sent from journal order by position')
      .all()
      .map((row) => ({ transition: JSON.parse(String(row['transition'])) as Transition, sent: row['sent'] === 1 }));
  } finally {
    database.close();
  }
}

/** Sentences about transitions that no rule of the table allows, that come without evidence, or that share an epoch. */
export function judgeTransitions(shown: readonly Transition[]): string[] {
  const faults = shown.flatMap((one) => {
    const rule = Object.entries(rules).find(([id]) => id === one.rule)?.[1];
    const name = `${one.node}, epoch ${one.epoch}, ${one.from} to ${one.to} by ${one.rule} (${one.id})`;
    if (!rule) return [`no such rule: ${name}`];
    const amiss: string[] = [];
    if (!(rule.from as readonly string[]).includes(one.from) || rule.to !== one.to)
      amiss.push(`not what the rule allows: ${name}`);
    if (Object.keys(one.evidence).length === 0) amiss.push(`without evidence: ${name}`);
    return amiss;
  });
  const holders = new Map<number, string>();
  for (const { epoch, to, nodeId } of shown) {
    if (to !== 'active') continue;
    const known = holders.get(epoch) ?? nodeId;
    if (known !== nodeId) faults.push(`epoch ${epoch} has two holders in the history: ${known} and ${nodeId}`);
    holders.set(epoch, known);
  }
  return faults;
}

/** Sentences about what a node wrote down and the store has not, has otherwise, or has besides. */
export function judgeJournal(
  node: NodeName,
  journal: readonly { transition: Transition; sent: boolean }[],
  stored: readonly Transition[],
): string[] {
  const inStore = new Map(stored.filter((one) => one.node === node).map((one) => [one.id, one]));
  const inJournal = new Set(journal.map(({ transition }) => transition.id));
  const faults = journal.flatMap(({ transition, sent }) => {
    const known = inStore.get(transition.id);
    // What happened while the node was stopped is copied at its next start.
    if (!known)
      return sent ? [`${node} has copied ${transition.id} (${transition.rule}), and the store has it not`] : [];
    return isDeepStrictEqual(whatCounts(known), whatCounts(transition))
      ? []
      : [`${node} and the store tell ${transition.id} (${transition.rule}) differently`];
  });
  // A node keeps the newest of what it has copied.
  const lost = journal.length < mostShown ? [...inStore.keys()].filter((id) => !inJournal.has(id)) : [];
  if (lost.length > 0) faults.push(`the store has ${lost.length} transitions of ${node} that are not in its journal`);
  let epoch = 0;
  for (const { transition } of journal.filter((one) => one.transition.to === 'active')) {
    if (transition.epoch < epoch) faults.push(`the epochs of ${node} went back from ${epoch} to ${transition.epoch}`);
    epoch = transition.epoch;
  }
  return faults;
}

function whatCounts({ epoch, from, to, rule, evidence, operator, nodeId, at }: Transition): unknown {
  return { epoch, from, to, rule, evidence, operator, nodeId, at: new Date(at).toISOString() };
}
