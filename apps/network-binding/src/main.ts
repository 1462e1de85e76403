import { watchFile, unwatchFile } from 'node:fs';
import { join } from 'node:path';
import { LinuxBinder } from '@hotstandby/adapters/linux-address';
import { openNameServers, RememberedBindings, type HostnameSettings } from '@hotstandby/adapters/name-servers';
import { connectNats } from '@hotstandby/adapters/nats';
import { NftGate, openGate } from '@hotstandby/adapters/nft-gate';
import { raisePriority, systemClock, systemIds } from '@hotstandby/adapters/system';
import { faultLine, loadConfig, runService, serviceArguments } from '@hotstandby/platform';
import { FormerNames, HostnameBinding, isSameName, type HostnameTarget } from '@hotstandby/services/hostname-binding';
import { FormerAddresses, NetworkBinding } from '@hotstandby/services/network-binding';
import { WithFormer } from './with-former.ts';

/** A changed configuration file is noticed within this; SIGHUP is quicker. */
const watchEveryMs = 2000;

await runService('network-binding', async ({ service, config, place, log }) => {
  // The programs that it starts inherit it.
  log.info('priority', { raised: raisePriority() });
  const nats = await connectNats({ config, service, log });
  const { binding, timing } = config;
  const file = serviceArguments(process.argv.slice(2), process.env).configFile ?? '';
  let networkBinding: NetworkBinding | null = null;
  let hostnameBinding: HostnameBinding | null = null;
  const remembered = new RememberedBindings(join(config.node.dataDir, 'bindings.json'), log);
  const target = (settings: HostnameSettings): HostnameTarget => {
    remembered.know(settings);
    const { name, ttlSeconds, addresses = [config.node.address] } = settings;
    return { name, ttlSeconds, addresses, names: openNameServers(settings) };
  };
  let current = JSON.stringify(binding);

  /** Only `binding` is taken over while the service runs; the rest of the file counts from the next start. */
  const readAgain = async (): Promise<void> => {
    const loaded = await loadConfig(file);
    if (!loaded.ok) {
      log.error('the changed configuration is not used', { faults: loaded.faults.map(faultLine) });
      return;
    }
    const next = loaded.config.binding;
    if (JSON.stringify(next) === current) return;
    if (next.mode !== binding.mode)
      log.warn('binding.mode has changed and needs a restart', { from: binding.mode, to: next.mode });
    else if (next.mode === 'hostname') hostnameBinding?.reconfigure(target(next));
    else {
      if (next.mode === 'vip') remembered.keepAddresses(next);
      await networkBinding?.reconfigure(next);
    }
    current = JSON.stringify(next);
  };
  const onChange = () => {
    readAgain().catch((error: unknown) => log.error('the binding could not be changed', { error: String(error) }));
  };
  process.on('SIGHUP', onChange);
  watchFile(file, { interval: watchEveryMs, persistent: false }, onChange);

  return {
    ...nats,
    clock: systemClock,
    ids: systemIds,
    service: (parts) => {
      const { fenceLeadMs } = timing;
      const former = remembered.load();
      if (binding.mode === 'vip') remembered.keepAddresses(binding);
      const left = former.names
        .filter(({ name }) => binding.mode !== 'hostname' || !isSameName(name, binding.name))
        .map(target);
      const addresses =
        binding.mode === 'vip' || !former.addresses
          ? null
          : new FormerAddresses({
              ...parts,
              binder: new LinuxBinder({ place, addresses: [], log }),
              gate: new NftGate(parts),
              addresses: former.addresses.addresses,
              cleared: () => remembered.keepAddresses(null),
            });
      const remember = (names: string[]) => remembered.keep(names);
      if (binding.mode === 'hostname') {
        hostnameBinding = new HostnameBinding({ ...parts, left, ...target(binding), fenceLeadMs, remember });
        return new WithFormer(hostnameBinding, { names: null, addresses }, () => {});
      }
      const binder = new LinuxBinder({ place, addresses: binding.mode === 'vip' ? binding.addresses : [], log });
      const gate = binding.mode === 'vip' ? openGate(parts) : new NftGate(parts);
      const peer = { cluster: place.cluster, node: config.peer.name };
      const service = new NetworkBinding({ ...parts, binder, gate, binding, peer, fenceLeadMs });
      networkBinding = service;
      const ready = () => binding.mode === 'none' || service.bound();
      const names = new FormerNames({ ...parts, left, fenceLeadMs, remember, ready });
      // Ended in order it leaves nothing on the host, and the next mode needs no right to look.
      return new WithFormer(service, { names, addresses }, () => {
        if (binding.mode === 'vip' && !service.bound()) remembered.keepAddresses(null);
      });
    },
    async close() {
      unwatchFile(file, onChange);
      await nats.close();
    },
  };
});
