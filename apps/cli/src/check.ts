import { exitCodes } from '@hotstandby/contracts';
import { faultLine, loadConfig, type LoadFault } from '@hotstandby/platform/load-config';
import { jsonText, tellFault, type Output } from '@hotstandby/services/cli';
import { configFiles } from './configs.ts';
import type { GlobalOptions } from './program.ts';

interface Checked {
  file: string;
  ok: boolean;
  summary: string | null;
  faults: LoadFault[];
}

/** Checks configuration files. 0: all are good; 78: one is not, with every fault of every file. */
export async function checkCommand(options: GlobalOptions, files: string[], output: Output): Promise<number> {
  let checked: Checked[];
  try {
    checked = await Promise.all((files.length > 0 ? files : configFiles(options)).map(check));
  } catch (error) {
    return tellFault(error, output);
  }
  if (output.json) {
    output.out(jsonText(checked, 2));
  } else {
    for (const { file, summary, faults } of checked) {
      if (summary) output.out(`${output.paint('green', 'good')} ${file}: ${summary}`);
      for (const fault of faults) output.err(`${output.paint('red', 'wrong')} ${file}: ${faultLine(fault)}`);
    }
  }
  return checked.every(({ ok }) => ok) ? exitCodes.ok : exitCodes.configuration;
}

async function check(file: string): Promise<Checked> {
  const loaded = await loadConfig(file);
  if (!loaded.ok) return { file, ok: false, summary: null, faults: loaded.faults };
  const { cluster, node, peer, profile, timing } = loaded.config;
  const summary =
    `node ${node.name} (${node.address}) of cluster ${cluster}, peer ${peer.name} (${peer.address}), ` +
    `profile ${profile}: take-over after ${Math.ceil(timing.takeoverWaitMs)} ms`;
  return { file, ok: true, summary, faults: [] };
}
