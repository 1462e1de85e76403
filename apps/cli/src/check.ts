import type { NodeConfig } from '@hotstandby/config';
import { errorCodes, exitCodes } from '@hotstandby/contracts';
import { faultLine, loadConfig, type LoadFault } from '@hotstandby/platform/load-config';
import { jsonText, tellFault, type Output } from '@hotstandby/services/cli';
import { configFiles } from './configs.ts';
import type { GlobalOptions } from './program.ts';

interface Checked {
  file: string;
  ok: boolean;
  summary: string | null;
  faults: LoadFault[];
  config: NodeConfig | null;
}

/** Checks configuration files. 0: all are good; 78: one is not, with every fault of every file. */
export async function checkCommand(options: GlobalOptions, files: string[], output: Output): Promise<number> {
  let checked: Checked[];
  try {
    checked = await Promise.all((files.length > 0 ? files : configFiles(options)).map(check));
  } catch (error) {
    return tellFault(error, output);
  }
  sayDifferences(checked);
  if (output.json) {
    const told = checked.map(({ file, ok, summary, faults }) => ({ file, ok, summary, faults }));
    output.out(jsonText(told, 2));
  } else {
    for (const { file, summary, faults } of checked) {
      if (summary) output.out(`${output.paint('green', 'good')} ${file}: ${summary}`);
      for (const fault of faults) output.err(`${output.paint('red', 'wrong')} ${file}: ${faultLine(fault)}`);
    }
  }
  return checked.every(({ ok }) => ok) ? exitCodes.ok : exitCodes.configuration;
}

/** Two nodes of one cluster must have the same policy: what one says otherwise is a fault of the later file. */
function sayDifferences(checked: Checked[]): void {
  for (const [index, later] of checked.entries()) {
    const earlier = checked.slice(0, index).find(({ config }) => config && config.cluster === later.config?.cluster);
    if (!earlier?.config || !later.config) continue;
    const theirs = new Map(Object.entries(earlier.config.policy));
    for (const [field, value] of Object.entries(later.config.policy)) {
      const expected = JSON.stringify(theirs.get(field));
      if (JSON.stringify(value) === expected) continue;
      later.ok = false;
      later.faults.push({
        code: 'HS_POLICY_MISMATCH',
        field: `policy.${field}`,
        expected: `${expected}, as ${earlier.file} has it`,
        got: JSON.stringify(value),
        cure: errorCodes.HS_POLICY_MISMATCH[1],
      });
    }
  }
}

async function check(file: string): Promise<Checked> {
  const loaded = await loadConfig(file);
  if (!loaded.ok) return { file, ok: false, summary: null, faults: loaded.faults, config: null };
  const { cluster, node, peer, profile, timing } = loaded.config;
  const summary =
    `node ${node.name} (${node.address}) of cluster ${cluster}, peer ${peer.name} (${peer.address}), ` +
    `profile ${profile}: take-over after ${Math.ceil(timing.takeoverWaitMs)} ms`;
  return { file, ok: true, summary, faults: [], config: loaded.config };
}
