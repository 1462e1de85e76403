import { neighbourOf } from './neighbour.ts';
import { findTool, runTool } from './tools.ts';

/** Whether another machine has an address; `unknown`: it could not be asked, and why. */
export type ProbeResult = { state: 'free' } | { state: 'taken'; mac: string } | { state: 'unknown'; why: string };

const limitMs = 3000;

/**
 * Asks the neighbours on an interface once whether they have an address that this host may or may not have. IPv4 by a probe
 * (RFC 5227 section 2.1.1), IPv6 by resolving it, which says nothing while this host has it itself. Takes a second.
 */
export async function probeAddress(name: string, address: string): Promise<ProbeResult> {
  if (address.includes(':')) {
    const mac = await neighbourOf(name, address);
    return mac === null ? { state: 'free' } : { state: 'taken', mac };
  }
  return askByArp(['-D', '-c', '1', '-w', '1', '-I', name, address]);
}

/** The MAC under which a neighbour answers for its address; null: it does not, or it cannot be asked. */
export async function macOf(name: string, address: string): Promise<string | null> {
  if (address.includes(':')) return neighbourOf(name, address);
  const asked = await askByArp(['-f', '-c', '2', '-w', '2', '-I', name, address]);
  return asked.state === 'taken' ? asked.mac : null;
}

async function askByArp(args: string[]): Promise<ProbeResult> {
  const arping = await findTool('arping');
  if (!arping) return { state: 'unknown', why: 'the program arping (iputils-arping) is not found' };
  const { exitCode, stdout, stderr } = await runTool(arping, args, limitMs);
  const mac = /reply from \S+ \[([0-9A-Fa-f:]+)\]/.exec(stdout)?.[1];
  if (mac) return { state: 'taken', mac: mac.toLowerCase() };
  if (exitCode === 0 || exitCode === 1) return { state: 'free' };
  return { state: 'unknown', why: stderr.trim().split('\n')[0]?.slice(0, 200) || `arping ended with ${exitCode}` };
}
