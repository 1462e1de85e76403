import { setTimeout as sleep } from 'node:timers/promises';
import { validSeconds } from '@hotstandby/services/network-binding';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { gateMeans, grantMs, Lan, missing, until, vip, vip6 } from './lan.ts';

const reason = missing();
if (reason) console.log(`skipped: network-binding in namespaces ${reason}`);

describe.skipIf(reason !== null)('network-binding in network namespaces', () => {
  let lan: Lan;
  beforeEach(async () => {
    lan = new Lan();
    await lan.open();
  });
  afterEach(() => lan.close());

  it('moves the address, and the client follows at once', async () => {
    const [a, b] = [await lan.start('a'), await lan.start('b')];
    a.activate(1);
    await until('a has the address', () => lan.has('a'));
    await until('a answers', () => lan.reaches());
    expect(await lan.neighbour()).toBe(await lan.mac('a'));

    a.silence();
    await until('a let go when its grant ended', async () => !(await lan.has('a')), 3000);
    b.activate(2);
    await until('b has the address', () => lan.has('b'));
    // Without a ping in between: it is the announcement that changed the client's cache.
    const macOfB = await lan.mac('b');
    await until('the client knows b', async () => (await lan.neighbour()) === macOfB);
    await until('it answers', () => lan.reaches());
    await until('both told it', () => b.events().includes('binding.bound') && a.events().includes('binding.released'));
    expect(a.events()).toEqual(['binding.bound', 'binding.released']);
    expect(b.events()).toEqual(['binding.bound']);
    expect((await b.report()).detail['bound']).toEqual([vip]);
  });

  it('moves IPv6 addresses too', async () => {
    const both = [`${vip}/24`, `${vip6}/64`];
    const [a, b] = [await lan.start('a', both), await lan.start('b', both)];
    a.activate(1);
    await until('a answers', () => lan.reaches(vip6));
    a.silence();
    await until('a let go', async () => !(await lan.has('a', vip6)) && !(await lan.has('a')), 3000);
    b.activate(2);
    const macOfB = await lan.mac('b');
    await until('the client knows b', async () => (await lan.neighbour(vip6)) === macOfB);
    await until('it answers', () => lan.reaches(vip6));
  });

  it('keeps the address alive beyond its lifetime, and puts it back when somebody removed it', async () => {
    const a = await lan.start('a');
    a.activate(1);
    await until('bound', () => lan.has('a'));
    const start = performance.now();
    while (performance.now() - start < (validSeconds + 1) * 1000) {
      expect(await lan.has('a')).toBe(true);
      await sleep(100);
    }
    await lan.ip('a', 'address', 'del', `${vip}/32`, 'dev', 'eth0');
    await until('put back', () => lan.has('a'), 6000);
    expect(a.events()).toEqual(['binding.bound']);
  });

  const told = { netlink: [], nft: ['env', 'BINDING_TEST_GATE=nft'] };
  it.each(gateMeans())(
    'is silent when its grant ends although it was killed, and the other node answers alone (%s)',
    async (means) => {
      const [a, b] = [await lan.start('a', undefined, told[means]), await lan.start('b', undefined, told[means])];
      expect((await a.report()).detail['kernelGrantBy']).toBe(means);
      a.activate(1);
      await until('a answers', () => lan.answers());
      await a.kill();
      await sleep(grantMs);
      // Still there, and silent; a neighbour that knows it gets no answer either.
      expect(await lan.has('a')).toBe(true);
      expect(await lan.answers()).toBe(false);
      expect(await lan.reaches()).toBe(false);
      b.activate(2);
      await until('b answers', () => lan.answers());
      const macOfB = await lan.mac('b');
      await until('the client knows b', async () => (await lan.neighbour()) === macOfB);
    },
  );

  it.each(gateMeans())('comes back behind new rules when somebody flushes all rules (%s)', async (means) => {
    const a = await lan.start('a', undefined, told[means]);
    a.activate(1);
    await until('bound', () => a.events().includes('binding.bound'));
    await lan.inside('a', 'nft', 'flush', 'ruleset');
    await until('told', () => a.events().filter((event) => event === 'binding.bound').length === 2);
    expect(a.events().slice(0, 3)).toEqual(['binding.bound', 'binding.failed', 'binding.released']);
    await until('it answers', () => lan.answers());
    await a.kill();
    await sleep(grantMs);
    expect(await lan.answers()).toBe(false);
  });

  it('leaves the address of a killed binder for its lifetime only, and cleans it first thing when started again', async () => {
    const a = await lan.start('a');
    a.activate(1);
    await until('bound', () => lan.has('a'));
    await a.kill();
    expect(await lan.has('a')).toBe(true);
    await lan.start('a');
    expect(await lan.has('a')).toBe(false);

    const b = await lan.start('b');
    b.activate(2);
    await until('bound', () => lan.has('b'));
    await b.kill();
    await until('the kernel took it away', async () => !(await lan.has('b')), (validSeconds + 2) * 1000);
  });

  const former = ['env', 'BINDING_TEST_MODE=former'];
  it('leaves nothing on the host when it was killed and started anew with another mode, and keeps off what is not its own', async () => {
    const [a, b] = [await lan.start('a'), await lan.start('b')];
    a.activate(1);
    await until('bound', () => lan.has('a'));
    await a.kill();
    const tables = () => lan.inside('a', 'nft', 'list', 'tables');
    expect(await tables()).toContain('hotstandby/binding-test/a');
    await lan.ip('a', 'address', 'add', '192.0.2.77/32', 'dev', 'eth0');
    await lan.inside('a', 'nft', 'add', 'table', 'arp', 'hotstandby/binding-test/other');
    const next = await lan.start('a', [`${vip}/24`], former);
    await until('told', () => next.said.some((message) => 'cleared' in message));
    expect(await lan.has('a')).toBe(false);
    expect(await lan.has('a', '192.0.2.77')).toBe(true);
    expect((await tables()).trim()).toBe('table arp hotstandby/binding-test/other');
    // Without the rules the host may use the address for itself.
    await lan.ip('a', 'address', 'add', `${vip}/32`, 'dev', 'eth0');
    await until('it answers', () => lan.answers());
    expect(next.events()).toEqual([]);
    expect(await lan.has('b')).toBe(false);
    b.send({ do: 'stop' });
  });

  it('says what is to be removed by hand when another mode has not the right to', async () => {
    const a = await lan.start('a');
    await a.kill();
    const without = ['setpriv', '--bounding-set=-net_admin', '--inh-caps=-net_admin', ...former];
    const next = await lan.start('a', [`${vip}/24`], without);
    const fault = () => next.said.find((message) => 'event' in message && message.event === 'binding.failed');
    const told = JSON.stringify(await until('told', fault));
    for (const word of ['HS_BINDING_LEFT', vip, 'hotstandby/binding-test/a', 'ip address del', 'nft delete table'])
      expect(told).toContain(word);
    expect(next.said.some((message) => 'cleared' in message)).toBe(false);
  });

  it('removes the address before anything else when it wakes from a freeze after its grant', async () => {
    const a = await lan.start('a');
    a.activate(1);
    await until('bound', () => lan.has('a'));
    // Frozen between the address and the word about it, it would never have said that it was bound.
    await until('told', () => a.events().includes('binding.bound'));
    a.silence();
    a.signal('SIGSTOP');
    await sleep(2 * grantMs);
    expect(await lan.has('a')).toBe(true);
    a.signal('SIGCONT');
    await until('gone', async () => !(await lan.has('a')), 1500);
    // A grant that was on its way to the frozen process is taken for a new one: it can be bound once more, for as long.
    await until('told', () => a.events().at(-1) === 'binding.released', 2000 + grantMs);
    expect(await lan.has('a')).toBe(false);
  });

  it('lets go for a planned transition and answers when it is done', async () => {
    const a = await lan.start('a');
    a.activate(7);
    await until('bound', () => lan.has('a'));
    a.send({ do: 'prepare', epoch: 7 });
    await until('prepared', () => a.said.find((message) => 'prepared' in message));
    expect(a.said).toContainEqual({ prepared: { done: true } });
    expect(await lan.answers()).toBe(false);
    await until('the address is gone', async () => !(await lan.has('a')), 2000);
    // The transition did not come: the lease was taken back, under a new epoch.
    a.activate(8);
    await until('bound again', () => lan.has('a'));
  });

  it('lies ready and silent when its peer hands over, and answers with the grant', async () => {
    const both = [`${vip}/24`, `${vip6}/64`];
    const b = await lan.start('b', both);
    b.send({ do: 'peer-hands-over', epoch: 1 });
    await until('there', async () => (await lan.has('b')) && (await lan.has('b', vip6)));
    expect(await lan.neighbour(vip6)).toBe('');
    b.send({ do: 'peer-hands-over', epoch: 1 });
    expect(await lan.answers()).toBe(false);
    await until('given up', async () => !(await lan.has('b')), 4000);
    b.send({ do: 'peer-hands-over', epoch: 1 });
    b.activate(2);
    await until('b answers', () => lan.answers());
    await until('it answers', () => lan.reaches(vip6));
    expect(b.events()).toEqual(['binding.bound']);
  });

  it('takes nothing from a stranger, and takes it when the stranger has gone', async () => {
    for (const address of [vip6, vip]) {
      const [family, length] = address.includes(':') ? ['-6', '128'] : ['-4', '32'];
      const nodad = family === '-6' ? ['nodad'] : [];
      await lan.ip('c', family, 'address', 'add', `${address}/${length}`, 'dev', 'eth0', ...nodad);
      const a = await lan.start('a', [address === vip ? `${vip}/24` : `${vip6}/64`]);
      a.activate(1);
      const code = async () => (await a.report()).detail['code'];
      await until('told', async () => (await code()) === 'HS_BINDING_TAKEN');
      const report = await a.report();
      expect(report.health).toBe('failed');
      expect(report.summary.toLowerCase()).toContain(await lan.mac('c'));
      expect(await lan.has('a', address)).toBe(false);
      await lan.ip('c', family, 'address', 'del', `${address}/${length}`, 'dev', 'eth0');
      await until('taken', () => lan.has('a', address));
      // An address that a killed run left would be known as this pair's own.
      a.revoke();
      await until('released', async () => !(await lan.has('a', address)), 3000);
      await a.kill();
    }
  });

  it('changes addresses without a moment in which neither answers, and takes the old one off', async () => {
    const [a, b] = [await lan.start('a'), await lan.start('b')];
    const other = '192.0.2.120';
    a.activate(1);
    await until('a answers', () => lan.answers());
    for (const one of [a, b])
      one.send({ do: 'reconfigure', addresses: [`${other}/25`, `${vip6}/64`], interface: 'eth0' });
    for (let has = { old: true, now: false }; has.old || !has.now;) {
      has = { old: await lan.has('a'), now: await lan.has('a', other) };
      expect(has.old || has.now).toBe(true);
    }
    await until('it answers', () => lan.answers(other));
    await until('it answers', () => lan.reaches(vip6));
    expect(await lan.answers()).toBe(false);
    const rules = await lan.inside('a', 'nft', 'list', 'ruleset');
    expect(rules).toContain(other);
    expect(rules).not.toContain(vip);
    // The standby follows the same file.
    a.revoke();
    await until('a let go', async () => !(await lan.has('a', other)), 3000);
    b.activate(2);
    await until('b answers for the new one', () => lan.answers(other));
    expect(await lan.has('b')).toBe(false);
  });

  it('has failed while its interface is gone, and follows it when it comes back under another name', async () => {
    const a = await lan.start('a');
    a.activate(1);
    await until('a answers', () => lan.answers());
    await lan.ip('a', 'link', 'del', 'eth0');
    await until('failed', async () => (await a.report()).health === 'failed');
    expect((await a.report()).detail['code']).toBe('HS_BINDING_INTERFACE');
    await lan.connect('a', 'eth7', '192.0.2.11');
    await until('a answers on eth7', () => lan.answers());
    expect((await a.report()).detail['interface']).toBe('eth7');
    await lan.ip('sw', 'link', 'set', 'pa', 'down');
    await until('no link', async () => (await a.report()).detail['code'] === 'HS_BINDING_LINK');
    await lan.ip('sw', 'link', 'set', 'pa', 'up');
    await until('well again', async () => (await a.report()).health === 'ok');
  });

  it('leaves nobody answering, wherever in its steps it is killed', async () => {
    const seed = Math.floor(Math.random() * 1e6);
    console.log(`interruptions: seed ${seed}`);
    for (let round = 0; round < 4; round++) {
      const delayMs = ((seed * (round + 7)) % 997) / 20;
      const a = await lan.start('a');
      a.send({ do: 'peer-hands-over', epoch: round });
      a.activate(round + 1);
      // In the taking, in the holding and in the leaving.
      if (round > 1) await until('bound', () => a.events().includes('binding.bound'));
      if (round > 2) a.send({ do: 'prepare', epoch: round + 1 });
      await sleep(delayMs);
      await a.kill();
      await sleep(grantMs);
      expect(await lan.answers(), `round ${round}, killed after ${delayMs} ms`).toBe(false);
    }
    await lan.start('a');
    expect(await lan.has('a')).toBe(false);
    await lan.ip('a', 'address', 'add', `${vip}/32`, 'dev', 'eth0');
    expect(await lan.answers()).toBe(false);
  });

  it('never touches addresses of others, the virtual one included', async () => {
    await lan.ip('a', 'address', 'add', '192.0.2.77/32', 'dev', 'eth0');
    await lan.ip('a', 'address', 'add', `${vip}/24`, 'dev', 'eth0');
    const a = await lan.start('a');
    a.activate(1);
    await until('told', () => a.events().includes('binding.failed'));
    const report = await a.report();
    expect(report.health).toBe('failed');
    expect(report.detail['code']).toBe('HS_BINDING_FOREIGN');
    a.revoke();
    await sleep(300);
    expect(await lan.has('a')).toBe(true);
    expect(await lan.has('a', '192.0.2.77')).toBe(true);

    // Mended by hand while it is active: no restart is needed.
    await lan.ip('a', 'address', 'del', `${vip}/24`, 'dev', 'eth0');
    a.activate(2);
    await until('bound', () => lan.has('a'));
    expect((await a.report()).health).toBe('ok');
  });

  it('leaves the addresses of another node on the same host alone', async () => {
    const a = await lan.start('a');
    a.activate(1);
    await until('bound', () => lan.has('a'));
    const mark = (await lan.ip('a', '-o', 'address', 'show')).match(/metric (\d+)/)?.[1] ?? '';
    await lan.ip('a', 'address', 'add', '192.0.2.78/32', 'dev', 'eth0', 'metric', `${Number(mark) + 1}`);
    await lan.ip('a', 'address', 'add', '192.0.2.79/32', 'dev', 'eth0', 'metric', mark);
    await until('its own leftover is gone', async () => !(await lan.has('a', '192.0.2.79')), 3000);
    expect(await lan.has('a', '192.0.2.78')).toBe(true);
    expect(await lan.has('a')).toBe(true);
  });

  it('tells of another machine that takes the address, and keeps it', async () => {
    const a = await lan.start('a');
    a.activate(1);
    await until('bound', () => lan.has('a'));
    await lan.ip('b', 'address', 'add', `${vip}/32`, 'dev', 'eth0');
    const degraded = async () => (await a.report()).detail['code'] === 'HS_BINDING_TAKEN';
    await until('told', degraded);
    expect((await a.report()).summary).toContain((await lan.mac('b')).toUpperCase());
    expect(await lan.has('a')).toBe(true);
  });

  it('refuses an address outside the subnets of this host, and says so once', async () => {
    const a = await lan.start('a', ['203.0.113.9/24']);
    a.activate(1);
    await until('told', () => a.events().includes('binding.failed'));
    await sleep(1500);
    expect(a.events()).toEqual(['binding.failed']);
    expect((await a.report()).detail['code']).toBe('HS_BINDING_INTERFACE');
  });

  it('says that it failed, and goes on, without the right to change addresses', async () => {
    const a = await lan.start('a', [`${vip}/24`], ['setpriv', '--bounding-set=-net_admin', '--inh-caps=-net_admin']);
    a.activate(1);
    await until('told', () => a.events().includes('binding.failed'));
    const report = await a.report();
    expect(report.health).toBe('failed');
    expect(report.detail['code']).toBe('HS_BINDING_PERMISSION');
    expect(await lan.has('a')).toBe(false);
  });

  it('takes the address off when it is stopped', async () => {
    const a = await lan.start('a');
    a.activate(1);
    await until('bound', () => lan.has('a'));
    a.send({ do: 'stop' });
    await until('stopped', () => a.said.some((message) => 'stopped' in message));
    expect(await lan.has('a')).toBe(false);
  });
});
