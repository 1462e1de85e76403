import type pg from 'pg';
import { connectDatabase } from './records.ts';
import type { Fates } from './report.ts';
import { countDoubles } from './report-query.ts';
import type { Session } from './session.ts';
import { KernelLooks, networksOf } from './takeovers/kernel-looks.ts';
import { isStoringAllKinds, oneRun, readyWithinMs, type Run } from './takeovers/one-run.ts';
import { trafficKinds } from './traffic/generator.ts';
import { comparedWithinMs, pause, until } from './waiting.ts';

/** Kills the active again and again under mixed telemetry and counts what each take-over lost, doubled or could not read. */
export async function takeovers(session: Session, runs: number): Promise<number> {
  const { options, pair, notice } = session;
  const client = await patiently(() => connectDatabase(pair.layout));
  const found: Run[] = [];
  let looks: KernelLooks | null = null;
  try {
    await warmUp(session, client);
    looks = new KernelLooks(networksOf(pair));
    for (let number = 1; number <= runs; number++) {
      const run = await oneRun(session, client, looks);
      found.push(run);
      notice(`${number} of ${runs}: ${lineOf(run)}`);
    }
    // What came late, after its run was counted, when the nodes were compared.
    await pause(comparedWithinMs);
    for (const run of found) run.doubled = await countDoubles(client, run.asked);
  } finally {
    looks?.close();
    await client.end();
  }
  const bad = found.filter((run) => run.lost + run.doubled + run.undecodable > 0);
  const feed = options.vip ? 'vip' : 'dual';
  const total = (what: keyof Fates | 'undecodable') => found.reduce((sum, run) => sum + run[what], 0);
  const totals = {
    sent: total('sent'),
    stored: total('stored'),
    lostInGap: total('lostInGap'),
    lost: total('lost'),
    doubled: total('doubled'),
    undecodable: total('undecodable'),
  };
  const report = { feed, profile: options.profile, datagramsPerSecond: options.rate * trafficKinds.length, totals, runs: found }; // prettier-ignore
  if (options.json) process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
  else
    process.stdout.write(
      `\n${runs} take-overs, feed ${feed}, ${report.datagramsPerSecond} datagrams/s: sent ${totals.sent}, stored ${totals.stored}, ` +
        `lost while nobody had the address ${totals.lostInGap}, lost ${totals.lost}, doubled ${totals.doubled}, undecodable ${totals.undecodable}\n`,
    );
  for (const run of bad) notice(`NOT AS PROMISED: ${lineOf(run)}`);
  return bad.length > 0 ? 1 : 0;
}

/** A machine that is busy with the start of a pair may take longer than a connection waits. */
async function patiently<Made>(make: () => Promise<Made>): Promise<Made> {
  for (let again = 1; ; again++) {
    try {
      return await make();
    } catch (error) {
      if (again === 10) throw error;
    }
  }
}

function lineOf({ account: { why, heldFromMs, unexplainedFromMs, unexplainedToMs }, ...run }: Run): string {
  const inGap = [
    `of the interruption ${why.interruption}`,
    heldFromMs === null ? '' : `the first sent ${-heldFromMs} ms before the fault`,
    why.dead > 0 ? `still sent to the dead node ${why.dead}` : '',
    why.lapse > 0 ? `in lapses of the lease ${why.lapse}` : '',
  ];
  const lost = [
    why.overflow > 0 ? `a socket's buffer was full for ${why.overflow}` : '',
    why.backlog > 0 ? `the host's queue was full for ${why.backlog}` : '',
    why.unheard > 0 ? `no socket for ${why.unheard}` : '',
    why.unexplained > 0 ? `UNEXPLAINED ${why.unexplained}, sent ${unexplainedFromMs} to ${unexplainedToMs} ms after the fault` : '', // prettier-ignore
  ];
  const listed = (words: string[]) => words.filter((word) => word !== '').join(', ');
  return (
    `sent ${run.sent} (${run.perSecond}/s), stored ${run.stored}, lost ${run.lost}${run.lost > 0 ? ` (${listed(lost)})` : ''}, ` +
    `in the gap ${run.lostInGap}${run.lostInGap > 0 ? ` (${listed(inGap)})` : ''}, doubled ${run.doubled}, ` +
    `undecodable ${run.undecodable}, ${run.takeoverMs ?? '?'} ms, ` +
    (run.gapMs === null ? '' : `address after ${run.gapMs} ms, `) +
    (run.notSent === 0 ? '' : `${run.notSent} could not be sent, `) +
    `stored late ${run.late}, epochs ${run.epochs.join(' ')}, load ${run.load}`
  );
}

/** What is sent before anybody has the address is lost to everybody, the templates with it: that is no take-over. */
async function warmUp({ options, pair, notice }: Session, client: pg.Client): Promise<void> {
  notice('waiting until what is sent is stored');
  const { run } = pair.startTraffic(options.rate);
  await until('rows of every kind', readyWithinMs, () => isStoringAllKinds(client, { run, since: null }));
  await pair.stopTraffic();
}
