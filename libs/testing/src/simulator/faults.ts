import { subjects } from '@hotstandby/contracts';
import type { Cluster } from './cluster.ts';
import { fates } from './distant-store.ts';
import type { FaultKind } from './fault-kinds.ts';
import { shortestSleepMs } from './host-clock.ts';
import type { Host, ServiceOfHost } from './host.ts';
import type { Random } from './random.ts';

/** How long a fault lasts that says nothing else, with a lease of 150 ms: a blink, about a lease, or an outage. */
function someTimeMs(random: Random): number {
  return random.pick([
    () => random.between(0, 30),
    () => random.between(20, 320),
    () => random.between(100, 320),
    () => random.between(300, 1200),
  ])();
}

/** How long a service is unwell: a moment, or longer than any policy waits. */
const sickForMs = [500, 15_000] as const;

/** Lets a fault befall a host; some are of the store or of everybody. Nothing happens to what is dead already. */
export function befall(cluster: Cluster, host: Host, kind: FaultKind, lastsMs?: readonly [number, number]): void {
  const { random, say, scale } = cluster.world;
  const forMs = scale * (lastsMs ? random.between(...lastsMs) : someTimeMs(random));
  say(`${kind} ${host.name} ${forMs.toFixed(1)}`);
  faults[kind](cluster, host, forMs);
}

type Fault = (cluster: Cluster, host: Host, forMs: number) => void;

const faults: Record<FaultKind, Fault> = {
  'kill-host': (cluster, host, forMs) => {
    if (!host.up) return host.start();
    host.kill();
    if (cluster.world.random.chance(0.7)) startIn(cluster, host, forMs);
  },
  'restart-host': (cluster, host, forMs) => {
    host.kill();
    startIn(cluster, host, Math.min(forMs, 60 * cluster.world.scale));
  },
  'restart-arbiter': restartService('arbiter'),
  'restart-heartbeat': restartService('heartbeat'),
  'restart-actor': restartService('actor'),
  'stop-host': (cluster, host, forMs) => {
    if (!host.up) return;
    void host.stop().then(() => startIn(cluster, host, forMs));
  },
  'freeze-host': (_cluster, host, forMs) => {
    for (const service of ['heartbeat', 'arbiter', 'actor'] as const) freeze(host, service, forMs);
  },
  'freeze-arbiter': (_cluster, host, forMs) => freeze(host, 'arbiter', forMs),
  'freeze-heartbeat': (_cluster, host, forMs) => freeze(host, 'heartbeat', forMs),
  'freeze-actor': (_cluster, host, forMs) => freeze(host, 'actor', forMs),
  'freeze-at-output': (cluster, host, forMs) => atOutput(cluster, host, (service) => freeze(host, service, forMs)),
  'die-at-output': (cluster, host, forMs) =>
    atOutput(cluster, host, (service) => {
      host.killService(service);
      cluster.world.clock.after(forMs, () => host.startService(service));
    }),
  'cut-store': (cluster, host, forMs) => {
    cluster.line(host.name, 'store').cut(forMs);
    cluster.line('store', host.name).cut(forMs);
  },
  'lose-answers': (cluster, host, forMs) => cluster.line('store', host.name).cut(forMs),
  'blind-others': (cluster, host, forMs) => {
    for (const { name } of cluster.hosts) if (name !== host.name) cluster.line('store', name).cut(forMs);
  },
  'cut-store-for-all': (cluster, _host, forMs) => {
    for (const { name } of cluster.hosts) {
      cluster.line(name, 'store').cut(forMs);
      cluster.line('store', name).cut(forMs);
    }
  },
  'slow-store': (cluster, host, forMs) => {
    cluster.line(host.name, 'store').slow(forMs);
    cluster.line('store', host.name).slow(forMs);
  },
  'late-statement': (_cluster, host) => {
    host.access.next = { statement: null, fate: 'late' };
  },
  fate: ({ world: { random } }, host) => {
    host.access.next = { statement: null, fate: random.pick(fates) };
  },
  'release-fate': ({ world: { random } }, host) => {
    host.access.next = { statement: 'release', fate: random.pick(fates) };
  },
  'cut-peers': (cluster, host, forMs) => {
    for (const { name } of cluster.hosts) {
      if (name === host.name) continue;
      cluster.line(host.name, name).cut(forMs);
      cluster.line(name, host.name).cut(forMs);
    }
  },
  'cut-off': (cluster, host, forMs) => {
    faults['cut-store'](cluster, host, forMs);
    faults['cut-peers'](cluster, host, forMs);
  },
  'cut-peers-one-way': (cluster, host, forMs) => {
    for (const { name } of cluster.hosts) if (name !== host.name) cluster.line(host.name, name).cut(forMs);
  },
  'slow-peers': (cluster, host, forMs) => {
    for (const { name } of cluster.hosts) if (name !== host.name) cluster.line(host.name, name).slow(forMs);
  },
  'cut-bus': (cluster, host, forMs) => {
    host.bus.setAway(true);
    host.befell(forMs);
    cluster.world.clock.after(forMs, () => host.bus.setAway(false));
  },
  'store-restart': ({ world: { server } }) => server.restart(),
  'store-forgets-beats': (cluster, host, forMs) => {
    const { server, random, scale } = cluster.world;
    server.forgetBeats(scale * random.between(0, 300));
    if (random.chance(0.5)) faults['cut-store'](cluster, host, forMs);
    if (random.chance(0.3)) faults['cut-peers'](cluster, host, forMs);
  },
  'promote-replica': (cluster, host, forMs) => {
    const { server, random, mix, scale } = cluster.world;
    // With a third node registrations must not be forgotten (docs/lease.md, "A store that forgets").
    server.promoteReplica(mix.third ? 0 : scale * random.between(0, 300));
    if (random.chance(0.5)) faults['cut-store'](cluster, host, forMs);
    if (random.chance(0.3)) faults['cut-peers'](cluster, host, forMs);
  },
  'stall-store': ({ world: { server } }, _host, forMs) => server.stall(forMs),
  switchover: (_cluster, host) => {
    if (host.up) host.request(subjects.switchover, { operator: 'sim' });
  },
  'step-wall-clock': (cluster, host) => {
    const { random } = cluster.world;
    host.clock.stepWall(random.pick([-1, 1]) * random.pick([50, 200, 1000, 3_600_000]));
  },
  'suspend-host': ({ world: { count } }, host, forMs) => {
    if (host.suspend(Math.max(shortestSleepMs, forMs))) count('suspensions');
  },
  pause: ({ world: { random, scale } }, host) => {
    const forMs = Math.round(scale * random.between(1000, 1400));
    if (host.up) host.request(subjects.pause, { operator: 'sim', reason: 'sim', forMs });
  },
  resume: (_cluster, host) => {
    if (host.up) host.request(subjects.resume, { operator: 'sim', reason: 'sim' });
  },
  'take-over': (cluster, host, forMs) => {
    const { world } = cluster;
    const { clock } = world;
    const untilMs = clock.monotonicMs() + forMs;
    // What the operator assumes is true: whoever else was active is dead, or has let go. For that he waits a while.
    const ask = () => {
      if (!cluster.hosts.some((other) => other !== host && other.mayHold())) {
        if (host.up)
          host.request(subjects.takeover, { operator: 'sim', reason: 'sim', epoch: world.tables.reign.epoch });
      } else if (clock.monotonicMs() < untilMs) clock.after(10, ask);
    };
    ask();
  },
  'forget-claim': (cluster, _host, forMs) => {
    const { moments, clock, random, server, mix, tables, count, scale } = cluster.world;
    moments.once('claim-done', (name) => {
      const host = cluster.host(name);
      const arbiter = host?.process('arbiter');
      arbiter?.atOutput(1 + Math.floor(random.between(0, 6)), () => {
        host?.killService('arbiter');
        clock.after(Math.min(forMs, 60 * scale), () => host?.startService('arbiter'));
        if (mix.third) return;
        clock.after(scale * random.between(0, 40), () => {
          const { epoch } = tables.reign;
          server.promoteReplica(scale * random.between(40, 200));
          if (tables.reign.epoch < epoch) count('claims forgotten with their claimer');
        });
      });
    });
  },
  'promote-again': ({ world: { server, clock, random, mix, scale } }) => {
    const behindMs = () => (mix.third ? 0 : scale * random.between(0, 300));
    server.promoteReplica(behindMs());
    clock.after(scale * random.between(0, 30), () => server.promoteReplica(behindMs(), { again: true }));
  },
  'forget-first-claim': ({ world: { server, mix } }) => {
    if (!mix.third) server.forgetFirstClaim();
  },
  sick: ({ world: { random } }, host) => host.fallSick(random.between(...sickForMs)),
  'both-sick': ({ hosts, world: { random } }) => {
    const forMs = random.between(...sickForMs);
    for (const host of hosts) host.fallSick(forMs);
  },
  'crash-loop': (cluster, host) => {
    const { random, clock } = cluster.world;
    const everyMs = random.between(300, 3000);
    const crash = (left: number) => {
      if (cluster.mended) return;
      host.killService('actor');
      clock.after(random.between(10, 200), () => host.startService('actor'));
      if (left > 1 && host.up) clock.after(everyMs, () => crash(left - 1));
    };
    crash(random.pick([1, 2, 3, 5]));
  },
  mute: ({ world: { random } }, host) => freeze(host, 'actor', random.between(...sickForMs)),
  'ask-failback': ({ world: { random } }, host) => {
    const force = random.chance(0.3);
    if (host.up) host.request(subjects.failback, { operator: 'sim', reason: 'sim', force });
  },
  'power-cut': (cluster, host, forMs) => {
    host.kill();
    host.disk.loseNewest();
    startIn(cluster, host, forMs);
  },
  mend: (cluster, host) => {
    for (const { name } of [...cluster.hosts, { name: 'store' }]) {
      cluster.line(host.name, name).mend();
      cluster.line(name, host.name).mend();
    }
    host.wake((process) => process.thaw());
  },
};

function startIn({ world: { clock } }: Cluster, host: Host, ms: number): void {
  clock.after(ms, () => host.start());
}

function restartService(service: ServiceOfHost): Fault {
  return (cluster, host, forMs) => {
    host.killService(service);
    cluster.world.clock.after(Math.min(forMs, 300 * cluster.world.scale), () => host.startService(service));
  };
}

function freeze(host: Host, service: ServiceOfHost, forMs: number): void {
  host.process(service)?.freeze(forMs);
  host.befell(forMs);
}

function atOutput({ world: { random } }: Cluster, host: Host, run: (service: ServiceOfHost) => void): void {
  const service = random.pick(['heartbeat', 'arbiter', 'arbiter', 'actor'] as const);
  host.process(service)?.atOutput(1 + Math.floor(random.between(0, 12)), () => run(service));
}
