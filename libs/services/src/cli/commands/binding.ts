import type { NodeConfig } from '@hotstandby/config';
import { exitCodes } from '@hotstandby/contracts';
import { checkForward } from '../binding/check-forward.ts';
import { checkHostname } from '../binding/check-hostname.ts';
import { good, type CheckLine } from '../binding/check-line.ts';
import { checkVip } from '../binding/check-vip.ts';
import type { BindingLook } from '../binding/look.ts';
import { planBinding, type BindingPlanReport, type PlanFor } from '../binding/plan.ts';
import { jsonText, type Output } from '../output.ts';
import { printable } from '../text/paint.ts';

/** Gives the parts to look with for one configuration, and closes them afterwards. */
export type WithLook = <Result>(config: NodeConfig, act: (look: BindingLook) => Promise<Result>) => Promise<Result>;

/** `hotstandby binding plan`: what each node would do, and why. 1: something stands in the way of an active. Throws with a code. */
export async function bindingPlanCommand(configs: NodeConfig[], withLook: WithLook, output: Output): Promise<number> {
  const reports: BindingPlanReport[] = [];
  for (const config of configs) reports.push(await withLook(config, (look) => planBinding(config, look)));
  if (output.json) output.out(jsonText(reports, 2));
  else for (const report of reports) for (const line of planText(report, output)) output.out(line);
  const isBlocked = reports.some(({ plans }) =>
    plans.some(({ refused, note }) => refused.length > 0 || note?.startsWith('it would fail')),
  );
  return isBlocked ? exitCodes.negative : exitCodes.ok;
}

function planText({ node, cluster, mode, wanted, seen, plans }: BindingPlanReport, { paint }: Output): string[] {
  const label = (text: string, lines: string[]) =>
    lines.map((line, index) => `  ${paint('grey', (index === 0 ? text : '').padEnd(8))}${printable(line)}`);
  return [
    `node ${node} of ${cluster}, binding.mode ${mode}`,
    ...label('wanted', wanted),
    ...label('seen', seen),
    ...plans.flatMap((plan) => [`  ${paint('grey', `as the ${plan.as}`)}`, ...stepsText(plan, paint)]),
  ];
}

function stepsText({ steps, note, refused }: PlanFor, paint: Output['paint']): string[] {
  return [
    ...refused.map(
      ({ what, code, message }) => `    ${paint('red', 'refused')} ${printable(`${what}: ${message}`)} (${code})`,
    ),
    ...steps.flatMap(({ do: verb, what, why }, index) => [
      `    ${index + 1}. ${verb}${what ? ` ${printable(what)}` : ''}`,
      `       ${paint('grey', printable(why))}`,
    ]),
    ...(note ? [`    ${printable(note)}`] : []),
  ];
}

/** `hotstandby preflight --binding`: each line ok, warn or fail. 1: something fails. */
export async function bindingPreflightCommand(
  configs: NodeConfig[],
  withLook: WithLook,
  output: Output,
): Promise<number> {
  const reports: { node: string; mode: string; ok: boolean; lines: CheckLine[] }[] = [];
  for (const config of configs) {
    const lines = await withLook(config, async (look) => [
      ...(await checksOf(config, look)),
      ...checkForward(config, look),
    ]);
    const ok = lines.every(({ result }) => result !== 'fail');
    reports.push({ node: config.node.name, mode: config.binding.mode, ok, lines });
  }
  if (output.json) output.out(jsonText(reports, 2));
  else
    for (const { node, mode, lines } of reports) {
      output.out(`node ${node}, binding.mode ${mode}`);
      for (const line of lines) for (const text of lineText(line, output)) output.out(text);
    }
  return reports.every(({ ok }) => ok) ? exitCodes.ok : exitCodes.negative;
}

async function checksOf(config: NodeConfig, { host, names, resolver }: BindingLook): Promise<CheckLine[]> {
  const { binding } = config;
  if (binding.mode === 'vip') return checkVip(config, binding, host);
  if (binding.mode === 'hostname' && names) return checkHostname(config, binding, { names, resolver });
  return [good('binding', 'mode none: nothing follows the active, so nothing is needed')];
}

const colours = { ok: 'green', warn: 'yellow', fail: 'red' } as const;

function lineText({ check, result, message, code, cure }: CheckLine, { paint }: Output): string[] {
  const head = `  ${paint(colours[result], result.padEnd(5))}${check.padEnd(32)} ${printable(message)}${code ? ` (${code})` : ''}`;
  return cure ? [head, `  ${' '.repeat(37)} ${paint('grey', printable(cure))}`] : [head];
}
