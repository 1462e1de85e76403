import { subjects } from '@hotstandby/contracts';
import type { PeerLink } from '@hotstandby/ports';
import { LocalLine } from '../pair/local-link.ts';
import { fastTiming, TestPair, type TestNode } from '../pair/index.ts';
import { DistantStore } from './distant-store.ts';
import type { KnownBad } from './known-bad.ts';
import { NodeClock } from './node-clock.ts';
import { Random } from './random.ts';

export interface SimulatedRun {
  seed: number;
  /** Empty, or each broken invariant with its time. */
  violations: string[];
  /** The highest epoch reached. */
  reigns: number;
  /** Claims from a holder that had not let go: by its silence. */
  takeOvers: number;
  /**
   * Those of them whose holder was in truth alive: at the moment of the claim it was running, not frozen, and not cut off
   * from another voter that was so, too. Its beats were only late. Safe, but nothing was broken that a take-over mends.
   */
  falseTakeOvers: number;
  /** What happened, for people: faults and transitions with their times. */
  trace: string[];
}

interface Host {
  node: TestNode;
  link: PeerLink;
  clock: NodeClock;
  store: DistantStore;
  up: boolean;
}

const faultyMs = 6000;
/** Invariant 4's constant: after the heal, waits, a hysteresis of membership and a few beats. */
const healMs = 4000;
/** The heal is over when all has been well for that long and nothing from before it can be on its way any more. */
const wellForMs = fastTiming.takeoverWaitMs;

/**
 * One schedule of two whole nodes (arbiter, heartbeat, gates) under a virtual clock: some seconds of faults of a mix that
 * the seed picks, then the heal. Safety is looked at after every single thing that happens, liveness after the heal: it
 * has come when it holds for a while. The same seed replays it.
 */
export async function simulate(seed: number, variant: KnownBad | null = null): Promise<SimulatedRun> {
  const random = new Random(seed);
  const pair = new TestPair();
  pair.decide = variant?.decide ?? null;
  pair.tables.forgiving = variant?.store ?? null;
  const run: SimulatedRun = { seed, violations: [], reigns: 0, takeOvers: 0, falseTakeOvers: 0, trace: [] };
  const startMs = pair.clock.monotonicMs();
  const say = (what: string) =>
    run.trace.push(`${(pair.clock.monotonicMs() - startMs).toFixed(0).padStart(6)} ${what}`);

  const mix = {
    slow: random.pick([0, 0, 0.02, 0.2]),
    longestMs: random.between(5, 4 * fastTiming.leaseTtlMs),
    faultEveryMs: random.between(60, 900),
    kinds: kindsOf(random),
    drift: random.pick([0, 0.003, 0.0095]),
  };

  // The heartbeats' line: as late as the store's can be, cut for a while, deaf at a frozen or dead end.
  let lineCut = false;
  const line = new LocalLine((from, deliver) => {
    const delayMs = random.chance(mix.slow) ? random.between(1, mix.longestMs) : random.between(0.1, 1);
    if (lineCut) return;
    const to = hosts.find(({ node }) => node.name !== from);
    pair.clock.after(delayMs, () => {
      if (!lineCut) to?.clock.arrive(deliver);
    });
  });

  const hosts: Host[] = ['a', 'b'].map((name): Host => {
    const node = pair.node(name);
    return { node, ...newHost(name), up: false };
  });

  function newHost(name: string): Pick<Host, 'clock' | 'store' | 'link'> {
    const clock = new NodeClock(pair.clock, 1 + random.between(-mix.drift, mix.drift));
    const store = new DistantStore(pair.tables, pair.clock, clock, random, fastTiming.statementTimeoutMs);
    Object.assign(store.line, { slow: mix.slow, longestMs: mix.longestMs });
    return { clock, store, link: line.endOf(name) };
  }

  async function start(host: Host): Promise<void> {
    const { cut } = host.store.line;
    host.node.memory.onJournal = ({ from, to, rule }) => say(`${host.node.name} ${from} -> ${to} (${rule})`);
    Object.assign(host, newHost(host.node.name));
    host.store.line.cut = cut;
    host.up = true;
    await host.node.start(host);
  }

  let highestEpoch = 0;
  let reign = pair.tables.reign;
  const holders = new Map<number, string>();
  function checkSafety(): void {
    const open = hosts.filter((host) => host.up && host.node.watch?.open());
    if (open.length > 1)
      violate(`two grants at once: ${open.map(({ node }) => `${node.name} ${node.watch?.open()?.epoch}`).join(', ')}`);
    const { epoch, holder, holderIncarnation } = pair.tables.reign;
    if (reign !== pair.tables.reign) {
      if (reign.holder !== null && holder !== null && holder !== reign.holder) tookOver(reign.holder);
      reign = pair.tables.reign;
    }
    if (epoch < highestEpoch) violate(`the epoch fell from ${highestEpoch} to ${epoch}`);
    if (holder !== null) {
      const who = `${holder}/${holderIncarnation}`;
      if (holders.has(epoch) && holders.get(epoch) !== who)
        violate(`epoch ${epoch} has two holders: ${holders.get(epoch)}, ${who}`);
      if (!holders.has(epoch)) say(`epoch ${epoch}: ${who}`);
      holders.set(epoch, who);
    }
    highestEpoch = epoch;
  }
  function tookOver(lost: string): void {
    run.takeOvers++;
    const isRunning = (host: Host) => host.up && !host.clock.isFrozen();
    const voters = hosts.filter(isRunning);
    const alive = voters.find(({ node }) => node.memory.nodeId() === lost);
    if (!alive) return;
    const isHeard = !alive.store.line.cut || (!lineCut && voters.length > 1);
    if (isHeard) run.falseTakeOvers++;
    say(`took over from ${alive.node.name}, which runs${isHeard ? ' and is heard' : ''}`);
  }
  /** One is active and the other its standby, as far as their gates were told. */
  function isWell(): boolean {
    const roles = hosts.map(({ node }) => (node.watch?.open() ? 'active' : node.watch?.latest()?.role));
    return roles.filter((role) => role === 'active').length === 1 && roles.includes('standby');
  }
  function violate(what: string): void {
    if (run.violations.length === 0)
      run.violations.push(`at ${(pair.clock.monotonicMs() - startMs).toFixed(0)} ms: ${what}`);
    say(`VIOLATION ${what}`);
  }

  for (const host of hosts) {
    await pair.clock.advance(random.chance(0.5) ? 0 : random.between(0, 200));
    await start(host);
  }

  for (let ms = 0; ms < faultyMs;) {
    const quietMs = Math.min(random.between(1, 2 * mix.faultEveryMs), faultyMs - ms);
    await pair.clock.advance(quietMs, checkSafety);
    ms += quietMs;
    if (ms < faultyMs) await fault(random.pick(hosts), random.pick(mix.kinds));
  }

  async function fault(host: Host, kind: FaultKind): Promise<void> {
    say(`${kind} ${host.node.name}`);
    switch (kind) {
      case 'kill':
        if (host.up) {
          host.clock.die();
          host.node.kill();
          host.up = false;
        } else await start(host);
        return;
      case 'freeze': {
        if (!host.up || host.clock.isFrozen()) return;
        const { clock } = host;
        clock.freeze();
        pair.clock.after(random.between(1, 5 * fastTiming.leaseTtlMs), () => clock.thaw());
        return;
      }
      case 'cut': {
        const { line } = host.store;
        line.cut = true;
        pair.clock.after(random.between(1, 6 * fastTiming.leaseTtlMs), () => {
          line.cut = false;
          host.store.line.cut = false;
        });
        return;
      }
      case 'peer-cut':
        lineCut = true;
        pair.clock.after(random.between(1, 6 * fastTiming.leaseTtlMs), () => {
          lineCut = false;
        });
        return;
      case 'store-restart':
        pair.tables.storeIncarnation = `store-${seed}-${pair.clock.monotonicMs()}`;
        return;
      case 'switchover': {
        const place = { cluster: 'c', node: host.node.name };
        if (host.up && !host.clock.isFrozen())
          host.node.bus.request(subjects.switchover(place), { operator: 'sim' }, 1000).catch(() => {});
        return;
      }
    }
  }

  say('heal');
  lineCut = false;
  for (const host of hosts) {
    host.clock.thaw();
    if (!host.up) await start(host);
    Object.assign(host.store.line, { slow: 0, cut: false });
  }
  const lateMs = mix.slow > 0 ? mix.longestMs : 0;
  let wellMs = 0;
  for (let ms = 0; ms < healMs && (ms < lateMs || wellMs < wellForMs); ms += fastTiming.beatMs) {
    await pair.clock.advance(fastTiming.beatMs, checkSafety);
    wellMs = isWell() ? wellMs + fastTiming.beatMs : 0;
  }
  const roles = await Promise.all(hosts.map(({ node }) => node.role()));
  const active = roles.filter((role) => role.startsWith('active ')).length;
  if (active !== 1 || !roles.includes('standby')) violate(`after the heal the roles are ${roles.join(', ')}`);
  run.reigns = highestEpoch;
  // Nothing of this run may go on when the next one begins.
  for (const host of hosts) {
    host.clock.die();
    host.node.kill();
  }
  return run;
}

type FaultKind = 'peer-cut' | 'kill' | 'freeze' | 'cut' | 'store-restart' | 'switchover';

/** Each seed has its own mix: a fault that is always there hides what another one alone would show. */
function kindsOf(random: Random): FaultKind[] {
  const all: FaultKind[] = ['peer-cut', 'kill', 'freeze', 'cut', 'store-restart', 'switchover'];
  const chosen = all.filter(() => random.chance(0.5));
  return chosen.length > 0 ? chosen : [random.pick(all)];
}
