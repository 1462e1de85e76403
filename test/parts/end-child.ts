import type { ChildProcess } from 'node:child_process';

/** Ends a process that the test started, whatever it does, and waits until it is gone. Nothing when it is gone already. */
export async function endChild(child: ChildProcess | null, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
  if (!child || child.exitCode !== null || child.signalCode !== null) return;
  const end = new Promise((resolve) => child.once('exit', resolve));
  child.kill(signal);
  await end;
}
