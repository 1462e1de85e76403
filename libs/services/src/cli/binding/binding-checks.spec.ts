import { parseConfig, type NodeConfig } from '@hotstandby/config';
import { CodedError, type ErrorCode } from '@hotstandby/contracts';
import { markerText } from '@hotstandby/core/hostname-plan';
import type { HostNames, NameServers, NameView } from '@hotstandby/ports';
import { describe, expect, it } from 'vitest';
import { bindingPlanCommand, bindingPreflightCommand, type WithLook } from '../commands/binding.ts';
import { checkForward } from './check-forward.ts';
import { checkHostname } from './check-hostname.ts';
import type { CheckLine } from './check-line.ts';
import { checkVip } from './check-vip.ts';
import type { BindingLook, HostLook, HostnameSettings, Probe, VipSettings } from './look.ts';

const vip = { mode: 'vip', addresses: ['192.0.2.100/24'] };
const named = {
  mode: 'hostname',
  name: 's.example.test',
  zone: 'example.test',
  servers: ['192.0.2.53', '192.0.2.54'],
  tsig: { name: 'k', keyFile: '/k' },
};

function configOf(binding: object): NodeConfig {
  const read = parseConfig(
    JSON.stringify({
      cluster: 'c',
      node: { name: 'a', kind: 'primary', address: '192.0.2.11', dataDir: '/d' },
      peer: { name: 'b', address: '192.0.2.12' },
      store: { url: 'postgresql://u@192.0.2.10/d' },
      nats: { url: 'nats://192.0.2.11:4222', keysDir: '/k' },
      fileSync: { enabled: false },
      notifier: { enabled: false },
      binding,
    }),
  );
  if (!read.ok) throw new Error(JSON.stringify(read.faults));
  return read.config;
}

const eth0 = { name: 'eth0', up: true, carrier: true };
const own = { interface: 'eth0', cidr: '192.0.2.11/24', owned: false };

interface Host {
  unable?: { code: string; message: string; cure: string };
  lack?: { code: string; message: string; cure: string };
  addresses?: { interface: string; cidr: string; owned: boolean }[];
  interfaces?: { name: string; up: boolean; carrier: boolean }[];
  gate?: 'open' | 'shut' | 'absent';
  probe?: Probe;
  peerMac?: string | null;
}

function hostOf({
  unable,
  lack,
  addresses = [own],
  interfaces = [eth0],
  gate = 'shut',
  probe,
  peerMac,
}: Host): HostLook {
  return {
    binder: { unable: async () => unable ?? null, look: async () => ({ addresses, interfaces }) },
    gate: { unable: async () => lack ?? null, state: async () => gate },
    probe: async () => probe ?? { state: 'free' },
    macOf: async () => peerMac ?? null,
  };
}

const amissOf = (lines: CheckLine[]) =>
  lines.filter(({ result }) => result !== 'ok').map(({ check, result, code }) => `${result} ${check} ${code}`);

describe('the preflight of a virtual IP', () => {
  const check = async (host: Host, binding: object = vip) => {
    const config = configOf(binding);
    return checkVip(config, config.binding as VipSettings, hostOf(host));
  };
  const mac = 'aa:bb:cc:00:00:01';

  it('finds nothing amiss where nothing is', async () => {
    const lines = await check({});
    expect(amissOf(lines)).toEqual([]);
    expect(lines.map((line) => line.check)).toEqual([
      'permission',
      'nftables',
      'interface 192.0.2.100/24',
      'subnet 192.0.2.100/24',
      'free 192.0.2.100',
    ]);
  });

  it.each<[string, Host, string[]]>([
    [
      'no right',
      { unable: { code: 'HS_BINDING_PERMISSION', message: 'no', cure: 'root' } },
      ['fail permission HS_BINDING_PERMISSION'],
    ],
    [
      'no nftables',
      { lack: { code: 'HS_BINDING_GATE', message: 'no', cure: 'install' } },
      ['warn nftables HS_BINDING_GATE'],
    ],
    [
      'no interface in the subnet',
      { addresses: [{ ...own, cidr: '198.51.100.1/24' }] },
      ['fail interface 192.0.2.100/24 HS_BINDING_INTERFACE'],
    ],
    [
      "the host's own address",
      { addresses: [own, { ...own, cidr: '192.0.2.100/24' }] },
      ['fail interface 192.0.2.100/24 HS_BINDING_FOREIGN'],
    ],
    ['no link', { interfaces: [{ ...eth0, carrier: false }] }, ['fail interface 192.0.2.100/24 HS_BINDING_LINK']],
    [
      'another prefix than the configured one',
      { addresses: [{ ...own, cidr: '192.0.2.11/25' }] },
      ['warn interface 192.0.2.100/24 HS_BINDING_SUBNET'],
    ],
    [
      'a peer outside of the subnet',
      { addresses: [{ ...own, cidr: '192.0.2.97/29' }] },
      ['warn interface 192.0.2.100/24 HS_BINDING_SUBNET', 'warn subnet 192.0.2.100/24 HS_BINDING_SUBNET'],
    ],
    [
      'no right to ask',
      { probe: { state: 'unknown', why: 'Operation not permitted' } },
      ['warn free 192.0.2.100 HS_BINDING_PERMISSION'],
    ],
    ['a stranger', { probe: { state: 'taken', mac } }, ['fail free 192.0.2.100 HS_BINDING_TAKEN']],
    [
      'a stranger beside the peer',
      { probe: { state: 'taken', mac }, peerMac: 'aa:bb:cc:00:00:02' },
      ['fail free 192.0.2.100 HS_BINDING_TAKEN'],
    ],
    ['the peer, which is active', { probe: { state: 'taken', mac }, peerMac: mac.toUpperCase() }, []],
    [
      'nobody to be asked',
      { probe: { state: 'unknown', why: 'no arping' } },
      ['warn free 192.0.2.100 HS_BINDING_TOOL'],
    ],
    [
      'a stranger beside this active node, with the MAC of the peer',
      {
        addresses: [own, { ...own, cidr: '192.0.2.100/32', owned: true }],
        probe: { state: 'taken', mac },
        peerMac: mac,
      },
      ['fail free 192.0.2.100 HS_BINDING_TAKEN'],
    ],
  ])('%s', async (_, host, expected) => {
    const lines = await check(host);
    expect(amissOf(lines)).toEqual(expected);
    for (const { result, cure } of lines) expect(cure === null).toBe(result === 'ok');
  });

  it('names the stranger by its MAC', async () => {
    const lines = await check({ probe: { state: 'taken', mac } });
    expect(lines.at(-1)?.message).toContain(mac);
  });
});

class FixedNames implements NameServers {
  readonly servers = ['192.0.2.53', '192.0.2.54'];
  views: NameView[] = [
    {
      markers: [markerText({ cluster: 'c', node: 'b', epoch: 7 })],
      addresses: [{ address: '192.0.2.12', ttlSeconds: 30 }],
    },
  ];
  faults: { look?: ErrorCode; rehearse?: ErrorCode } = {};
  aheadMs: number | null = 0;
  async unable() {
    return null;
  }
  async look(server: string): Promise<NameView> {
    if (this.faults.look) throw new CodedError(this.faults.look, 'not now');
    return this.views[this.servers.indexOf(server)] ?? this.views[0] ?? { markers: [], addresses: [] };
  }
  async update(): Promise<void> {
    throw new Error('nothing may be changed');
  }
  async rehearse(): Promise<void> {
    if (this.faults.rehearse) throw new CodedError(this.faults.rehearse, 'no');
  }
  async clockAheadMs(): Promise<number | null> {
    return this.aheadMs;
  }
  async close() {}
}

/** Both ways, for the nodes and the name. */
const resolver: HostNames = {
  addressesOf: async (name) =>
    name === 's.example.test' ? ['192.0.2.12'] : [name.replace('host-', '').replaceAll('-', '.')],
  namesOf: async (address) => [`host-${address.replaceAll('.', '-')}`],
};

describe('the preflight of a virtual hostname', () => {
  const check = async (change: (names: FixedNames) => void, other: Partial<HostNames> = {}) => {
    const names = new FixedNames();
    change(names);
    const config = configOf(named);
    return amissOf(
      await checkHostname(config, config.binding as HostnameSettings, { names, resolver: { ...resolver, ...other } }),
    );
  };
  const stranger = markerText({ cluster: 'other', node: 'x', epoch: 1 });

  it.each<[string, (names: FixedNames) => void, string[]]>([
    ['nothing', () => {}, []],
    ['a wrong key', (names) => (names.faults.rehearse = 'HS_DNS_KEY'), ['fail update HS_DNS_KEY']],
    [
      'no right to the TXT record',
      (names) => (names.faults.rehearse = 'HS_DNS_REFUSED'),
      ['fail update HS_DNS_REFUSED'],
    ],
    ['a clock that is two minutes off', (names) => (names.aheadMs = -120_000), ['warn clock HS_DNS_CLOCK']],
    ['a clock that is ten minutes off', (names) => (names.aheadMs = 600_000), ['fail clock HS_DNS_CLOCK']],
    ['a server without a clock', (names) => (names.aheadMs = null), ['warn clock HS_DNS_CLOCK']],
    [
      "somebody else's name",
      (names) => (names.views[0] = { markers: [stranger], addresses: [{ address: '192.0.2.12', ttlSeconds: 1 }] }),
      ['fail owner HS_DNS_FOREIGN'],
    ],
    [
      'a secondary that is behind',
      (names) => (names.views[1] = { markers: [], addresses: [] }),
      ['warn agrees 192.0.2.54 HS_DNS_BEHIND'],
    ],
  ])('%s', async (_, change, expected) => {
    expect(await check(change)).toEqual(expected);
  });

  it('goes on with what it can ask when the servers do not answer', async () => {
    expect(await check((names) => (names.faults = { look: 'HS_DNS_TIMEOUT', rehearse: 'HS_DNS_TIMEOUT' }))).toEqual([
      'fail server 192.0.2.53 HS_DNS_TIMEOUT',
      'fail server 192.0.2.54 HS_DNS_TIMEOUT',
      'fail update HS_DNS_TIMEOUT',
      'warn resolves s.example.test HS_DNS_NAMES',
    ]);
  });

  it("warns of what this host's resolver says otherwise, in both directions", async () => {
    expect(await check(() => {}, { addressesOf: async () => [] })).toEqual([
      'warn resolves s.example.test HS_DNS_NAMES',
      'warn resolves 192.0.2.11 HS_DNS_NAMES',
      'warn resolves 192.0.2.12 HS_DNS_NAMES',
    ]);
    const hanging = () => Promise.reject(new Error('the resolver does not answer'));
    expect(await check(() => {}, { namesOf: hanging })).toHaveLength(2);
  });
});

it('looks at the right to forward under original addresses where it is wanted', () => {
  const { collector } = configOf({ mode: 'none' });
  const to = { type: 'forward' as const, address: '192.0.2.40', port: 514, kinds: ['syslog' as const] };
  const check = (source: 'original' | 'header', lack: string | null, enabled = true) =>
    checkForward({ collector: { ...collector, enabled, sinks: [{ ...to, source }] } }, { forwardLack: () => lack });
  expect(amissOf(check('original', 'no right'))).toEqual(['warn forward 192.0.2.40 port 514 HS_FORWARD_SOURCE']);
  expect(check('original', null).map(({ result }) => result)).toEqual(['ok']);
  expect([check('header', 'no right'), check('original', 'no right', false)]).toEqual([[], []]);
});

describe('the commands', () => {
  const run = async (command: typeof bindingPlanCommand, binding: object, look: Partial<BindingLook>, json = false) => {
    const lines: string[] = [];
    const output = {
      out: (line: string) => void lines.push(line),
      err: () => {},
      paint: (_: unknown, text: string) => text,
      json,
    };
    const withLook: WithLook = (_, act) =>
      act({ host: hostOf({}), names: null, forwardLack: () => null, resolver, ...look });
    const code = await command([configOf(binding)], withLook, output);
    return { code, text: lines.join('\n') };
  };

  it('show the plan of either role with its reasons', async () => {
    const { code, text } = await run(bindingPlanCommand, vip, {});
    expect(code).toBe(0);
    expect(text.split('\n').filter((line) => /^ {4}\d/.test(line))).toEqual([
      '    1. open-gate',
      '    2. add 192.0.2.100/32 on eth0',
      '    3. announce 192.0.2.100 on eth0',
    ]);
    expect(text).toContain('as the standby\n    nothing to do');
  });

  it('show what a standby takes away, and what an active keeps', async () => {
    const bound = [own, { ...own, cidr: '192.0.2.100/32', owned: true }];
    const { text } = await run(bindingPlanCommand, vip, { host: hostOf({ addresses: bound, gate: 'open' }) }, true);
    const [{ plans }] = JSON.parse(text) as [{ plans: { as: string; steps: { do: string; why: string }[] }[] }];
    expect(plans.map(({ as, steps }) => [as, ...steps.map((step) => step.do)])).toEqual([
      ['active', 'renew'],
      ['standby', 'shut-gate', 'remove'],
    ]);
    for (const { steps } of plans) for (const { why } of steps) expect(why).not.toBe('');
  });

  it('say what stands in the way, with exit code 1', async () => {
    const refused = await run(bindingPlanCommand, { ...vip, interface: 'eth9' }, {});
    expect(refused).toMatchObject({ code: 1, text: expect.stringContaining('(HS_BINDING_INTERFACE)') });
    expect(refused.text).toContain('(HS_BINDING_INTERFACE)\n    nothing can be done before that is mended');
    expect(refused.text).not.toContain('everything is as it should be');
    const unable = { code: 'HS_BINDING_PERMISSION', message: 'no right', cure: 'root' };
    expect(await run(bindingPlanCommand, vip, { host: hostOf({ unable }) })).toMatchObject({ code: 1 });
    expect(await run(bindingPreflightCommand, vip, { host: hostOf({ unable }) })).toMatchObject({ code: 1 });
  });

  it('plan the next epoch of a name that the peer has, and none where nothing is bound', async () => {
    const names = new FixedNames();
    const { code, text } = await run(bindingPlanCommand, named, { names });
    expect(code).toBe(0);
    expect(text).toContain('1. update s.example.test -> 192.0.2.11; TXT "epoch=8 node=a cluster=c"');
    expect(text).toContain("node b's, of the older epoch 7");
    expect(await run(bindingPlanCommand, { mode: 'none' }, {})).toMatchObject({ code: 0 });
    expect(await run(bindingPreflightCommand, { mode: 'none' }, {})).toMatchObject({ code: 0 });
    names.faults = { rehearse: 'HS_DNS_KEY' };
    const unsigned = await run(bindingPlanCommand, named, { names });
    expect(unsigned).toMatchObject({ code: 1, text: expect.stringMatching(/it would fail: .*\(HS_DNS_KEY\)\. Give/) });
    const warned = await run(bindingPreflightCommand, vip, {
      host: hostOf({ lack: { code: 'HS_BINDING_GATE', message: '', cure: 'x' } }),
    });
    expect(warned).toMatchObject({ code: 0, text: expect.stringContaining('warn ') });
  });
});
