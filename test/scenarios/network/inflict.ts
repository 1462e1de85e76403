import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { join } from 'node:path';
import { type NodeName, nodeNames, peerOf } from '../../../tools/pair/src/layout.ts';
import type { End, Fault, Which } from './faults.ts';
import { machines, type Machine } from './lan.ts';
import { root } from '../../parts/clone.ts';
import { environment, type NetworkPair } from './pair.ts';
import { inside } from './programs.ts';

/** Does it, waits for its time, undoes it. Resolves with what came of it in words, where that is not always the same. */
export async function inflict(pair: NetworkPair, active: NodeName, fault: Fault): Promise<string | null> {
  const { lan } = pair;
  const nodeOf = (which: Which): NodeName => (which === 'active' ? active : peerOf(active));
  const machineOf = (end: End): Machine => (end === 'active' || end === 'standby' ? nodeOf(end) : end);
  const during = async (forMs: number, undo: () => unknown) => {
    await pause(forMs);
    await undo();
    return null;
  };
  switch (fault.do) {
    case 'kill':
    case 'restart':
      pair.signal(nodeOf(fault.which), fault.part, fault.do === 'kill' ? 'SIGKILL' : 'SIGTERM');
      return null;
    case 'kill-node': {
      const node = nodeOf(fault.which);
      await pair.killNode(node);
      return during(fault.forMs, () => pair.startNode(node));
    }
    case 'power-loss': {
      const node = nodeOf(fault.which);
      await lan.pull(node);
      await pair.killNode(node);
      return during(fault.forMs, async () => {
        await lan.forget(node);
        await lan.plug(node);
        pair.startNode(node);
      });
    }
    case 'start-both':
      await Promise.all(nodeNames.map((node) => pair.killNode(node)));
      return during(fault.forMs, () => nodeNames.forEach((node) => pair.startNode(node)));
    case 'freeze': {
      const node = nodeOf(fault.which);
      pair.signal(node, fault.part, 'SIGSTOP');
      return during(fault.forMs, () => pair.signal(node, fault.part, 'SIGCONT'));
    }
    case 'freeze-node': {
      const node = nodeOf(fault.which);
      pair.freezeNode(node);
      return during(fault.forMs, () => pair.thawNode(node));
    }
    case 'cut':
      return cutting(pair, waysOf(machineOf(fault.from), [machineOf(fault.to)], fault.oneWay), fault.forMs);
    case 'isolate': {
      const node = nodeOf(fault.which);
      const others = machines.filter((machine) => machine !== node);
      return cutting(pair, waysOf(node, others, false), fault.forMs);
    }
    case 'pull-cable': {
      const node = nodeOf(fault.which);
      await lan.pull(node);
      return during(fault.forMs, () => lan.plug(node));
    }
    case 'stall-store':
      pair.freezeStore();
      return during(fault.forMs, () => pair.thawStore());
    case 'kill-store':
    case 'restart-store':
      pair.endStore(fault.do === 'kill-store' ? 'SIGKILL' : 'SIGINT');
      return null;
    case 'step-clock':
      pair.clocks.set(nodeOf(fault.which), `${fault.seconds < 0 ? '' : '+'}${fault.seconds}`);
      return null;
    case 'drift-clock':
      pair.clocks.set(nodeOf(fault.which), `+0 x${fault.rate}`);
      return null;
    case 'flush-firewall':
      await lan.flushFirewall(nodeOf(fault.which));
      return null;
    case 'hog-processors': {
      const hogs = Array.from({ length: fault.processes }, () => hog(pair));
      return during(fault.forMs, () => hogs.forEach((one) => one.kill('SIGKILL')));
    }
    case 'switchover':
      return switchover(pair, active);
  }
}

function waysOf(from: Machine, others: readonly Machine[], oneWay: boolean): [Machine, Machine][] {
  return others.flatMap((to): [Machine, Machine][] =>
    oneWay
      ? [[from, to]]
      : [
          [from, to],
          [to, from],
        ],
  );
}

async function cutting({ lan }: NetworkPair, ways: [Machine, Machine][], forMs: number): Promise<null> {
  for (const [from, to] of ways) lan.cut(from, to);
  await pause(forMs);
  for (const [from, to] of ways) lan.mend(from, to);
  return null;
}

/** In the client's namespace, so that nothing of it can outlive the run. */
function hog({ lan }: NetworkPair): ChildProcess {
  const args = [`--net=/run/netns/${lan.namespace('client')}`, '--', 'sh', '-c', 'while :; do :; done'];
  return spawn('nsenter', args, { env: environment, stdio: 'ignore' });
}

/** `hotstandby switchover` on a node that may be in any state. */
function switchover(pair: NetworkPair, node: NodeName): Promise<string> {
  const cli = join(root, 'apps', 'cli', 'bundle', 'main.mjs');
  const words = [process.execPath, cli, 'switchover', '--config', pair.nodeFolders(node).config];
  const [program = '', ...args] = [...inside(pair.lan.namespace(node)), ...words];
  return new Promise((resolve) => {
    execFile(program, args, { env: environment, timeout: 30_000, killSignal: 'SIGKILL' }, (error, out, err) =>
      resolve(`switchover ended with ${error ? String(error.code) : 0}: ${(out + err).trim().split('\n')[0] ?? ''}`),
    );
  });
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
