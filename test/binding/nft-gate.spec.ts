import { spawn, type ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { GateCall, GateReply } from './gate-process.ts';
import { gateMeans, Lan, missing, until, vip, vip6 } from './lan.ts';

const reason = missing();
if (reason) console.log(`skipped: the kernel's gate in namespaces ${reason}`);

describe.skipIf(reason !== null).each(gateMeans())('the kernel’s gate, told by %s', (means) => {
  let lan: Lan;
  let gate: Gate;
  beforeEach(async () => {
    lan = new Lan();
    await lan.open();
    gate = new Gate(lan.namespace('a'), means);
    await gate.started;
    expect(await gate.ask({ call: 'means' })).toEqual({ name: means, note: null });
    expect(await gate.ask({ call: 'unable' })).toBeNull();
    await gate.ask({ call: 'establish', addresses: [vip, vip6] });
    await lan.ip('a', 'address', 'add', `${vip}/32`, 'dev', 'eth0');
    await lan.ip('a', '-6', 'address', 'add', `${vip6}/128`, 'dev', 'eth0', 'nodad');
  });
  afterEach(async () => {
    await gate.kill();
    await lan.close();
  });

  it('is shut until it is opened, and shuts by itself: nothing answers, nothing is taken', async () => {
    expect(await lan.answers()).toBe(false);
    expect(await gate.ask({ call: 'open', forMs: 6000 })).toBe('done');
    expect(await lan.answers()).toBe(true);
    expect(await lan.reaches()).toBe(true);
    expect(await lan.reaches(vip6)).toBe(true);
    // Its owner is gone, its neighbours know it: it shuts all the same.
    await gate.kill();
    await sleep(6000);
    expect(await lan.answers()).toBe(false);
    expect(await lan.reaches()).toBe(false);
    expect(await lan.reaches(vip6)).toBe(false);
  });

  it('does not open for a renewal that comes late, in whatever way', async () => {
    await gate.ask({ call: 'open', forMs: 60 });
    await sleep(100);
    expect(await gate.ask({ call: 'renew', forMs: 5000 })).toBe('refused');
    expect(await lan.answers()).toBe(false);
    // On its way, frozen for longer than the grant lasts: as nft, or in the process itself.
    await gate.ask({ call: 'open', forMs: 150 });
    const nft = Number(await gate.ask({ call: 'pid' }));
    if (means === 'nft') process.kill(nft, 'SIGSTOP');
    else await gate.ask({ call: 'stall', forMs: 300 });
    const late = gate.ask({ call: 'renew', forMs: 5000 });
    await sleep(300);
    if (means === 'nft') process.kill(nft, 'SIGCONT');
    expect(await late).toBe('refused');
    expect(await lan.answers()).toBe(false);
    expect(await gate.ask({ call: 'intact' })).toBe(true);
  });

  it.runIf(means === 'netlink')(
    'shortens a grant that came to the kernel late, while the one before still ran',
    async () => {
      for (const [call, forMs, stallMs] of [
        ['renew', 2000, 1500],
        ['open', 2000, 1500],
        ['open', 1000, 2000],
      ] as const) {
        expect(await gate.ask({ call: 'open', forMs: 30_000 })).toBe('done');
        const start = performance.now();
        await gate.ask({ call: 'stall', forMs: stallMs });
        expect(await gate.ask({ call, forMs })).toBe(stallMs < forMs ? 'done' : 'refused');
        const left = await gate.ask({ call: 'state' });
        // Otherwise it would be open for `stallMs` longer.
        if (stallMs > forMs) expect(left).toBe('shut');
        else if (performance.now() - start < forMs - 20) expect(left).toBe('open');
        await until('shut', async () => (await gate.ask({ call: 'state' })) === 'shut');
        expect(performance.now() - start, call).toBeLessThan(forMs + stallMs - 50);
      }
    },
  );

  it.runIf(means === 'netlink')('needs no nft for a beat: one that hangs holds up nothing', async () => {
    await gate.ask({ call: 'open', forMs: 20_000 });
    process.kill(Number(await gate.ask({ call: 'pid' })), 'SIGSTOP');
    expect(await gate.ask({ call: 'renew', forMs: 20_000 })).toBe('done');
    expect(await lan.answers()).toBe(true);
    expect(await gate.ask({ call: 'hush', forMs: 20_000 })).toBe('done');
    expect(await gate.ask({ call: 'renew', forMs: 20_000 })).toBe('refused');
    await gate.ask({ call: 'shut' });
    expect(await lan.answers()).toBe(false);
    await expect(gate.ask({ call: 'intact' })).rejects.toThrow('did not answer');
    await until('nft is there again', () => gate.ask({ call: 'intact' }).catch(() => false));
  });

  it.runIf(means === 'nft')('never carries out what it was told before it hung', async () => {
    await gate.ask({ call: 'open', forMs: 20_000 });
    const nft = Number(await gate.ask({ call: 'pid' }));
    process.kill(nft, 'SIGSTOP');
    await expect(gate.ask({ call: 'hush', forMs: 30_000 })).rejects.toThrow('did not answer');
    expect(await lan.answers()).toBe(true);
    // The next line has a process of its own.
    await gate.ask({ call: 'shut' });
    expect(await lan.answers()).toBe(false);
    expect(await gate.ask({ call: 'pid' })).not.toBe(nft);
  });

  it('hushed, answers no more and still takes what is on its way', async () => {
    await gate.ask({ call: 'open', forMs: 20_000 });
    expect(await lan.reaches()).toBe(true);
    expect(await lan.reaches(vip6)).toBe(true);
    expect(await gate.ask({ call: 'hush', forMs: 10_000 })).toBe('done');
    // As a neighbour that asks nobody, because it believes to know.
    for (const address of [vip, vip6]) {
      await lan.ip('c', 'neigh', 'replace', address, 'lladdr', await lan.mac('a'), 'nud', 'permanent', 'dev', 'eth0');
      expect(await lan.reaches(address)).toBe(true);
      await lan.ip('c', 'neigh', 'del', address, 'dev', 'eth0');
    }
    expect(await lan.answers()).toBe(false);
    expect(await lan.reaches(vip6)).toBe(false);
    expect(await gate.ask({ call: 'renew', forMs: 5000 })).toBe('refused');
  });

  it('notices that its rules are gone, all or some, and makes them anew without touching those of others', async () => {
    await lan.inside('a', 'nft', 'add table inet others; add chain inet others c; add rule inet others c drop');
    expect(await gate.ask({ call: 'intact' })).toBe(true);
    for (const damage of [
      'flush table inet hotstandby/gate-test/a',
      'delete table arp hotstandby/gate-test/a',
      'flush ruleset',
    ]) {
      await lan.inside('a', 'nft', damage);
      expect(await gate.ask({ call: 'intact' }), damage).toBe(false);
      if (damage !== 'flush ruleset') await gate.ask({ call: 'establish', addresses: [vip, vip6] });
    }
    expect(await gate.ask({ call: 'open', forMs: 1000 })).toBe('refused');
    await lan.inside('a', 'nft', 'add table inet others');
    await gate.ask({ call: 'establish', addresses: [vip, vip6] });
    expect(await gate.ask({ call: 'intact' })).toBe(true);
    // Those of an earlier run go, whatever they were.
    await gate.ask({ call: 'open', forMs: 60_000 });
    await gate.ask({ call: 'establish', addresses: [vip] });
    expect(await lan.answers()).toBe(false);
    await gate.ask({ call: 'close' });
    expect((await lan.inside('a', 'nft', 'list', 'tables')).trim()).toBe('table inet others');
  });

  it('says so when it has not the right to', async () => {
    const without = ['setpriv', '--bounding-set=-net_admin', '--inh-caps=-net_admin'];
    const powerless = new Gate(lan.namespace('b'), means, without);
    try {
      await powerless.started;
      expect(await powerless.ask({ call: 'unable' })).toMatchObject({ code: 'HS_BINDING_GATE' });
      await expect(powerless.ask({ call: 'establish', addresses: [vip] })).rejects.toThrow('not permitted');
      const opening = powerless.ask({ call: 'open', forMs: 1000 });
      if (means === 'netlink') await expect(opening).rejects.toThrow('EPERM');
      else expect(await opening).toBe('refused');
    } finally {
      await powerless.kill();
    }
  });

  it('costs no process and little time for a renewal', async () => {
    await gate.ask({ call: 'open', forMs: 1000 });
    const nft = await gate.ask({ call: 'pid' });
    for (let beat = 0; beat < 200; beat++) expect(await gate.ask({ call: 'renew', forMs: 1000 })).toBe('done');
    expect(await gate.ask({ call: 'pid' })).toBe(nft);
  });
});

/** The process of the gate in a namespace. */
class Gate {
  readonly started: Promise<unknown>;
  readonly #child: ChildProcess;

  constructor(namespace: string, means: string, wrap: string[] = []) {
    const script = fileURLToPath(new URL('gate-process.ts', import.meta.url));
    const node = [process.execPath, '--conditions=@hotstandby/source', script, 'gate-test', 'a', means];
    this.#child = spawn('nsenter', [`--net=/run/netns/${namespace}`, ...wrap, ...node], {
      env: { ...process.env, NODE_OPTIONS: '' },
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.started = this.#reply();
  }

  async ask(call: GateCall): Promise<unknown> {
    const reply = this.#reply();
    this.#child.send(call);
    return reply;
  }

  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill('SIGKILL');
    await until('the process is gone', () => this.#child.signalCode !== null || this.#child.exitCode !== null);
  }

  #reply(): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#child.once('message', (reply: GateReply) => {
        if ('failed' in reply) reject(new Error(reply.failed));
        else resolve(reply.said);
      });
    });
  }
}
