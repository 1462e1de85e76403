import { watchFile, unwatchFile } from 'node:fs';
import { BindDns } from '@hotstandby/adapters/bind-dns';
import { LinuxBinder } from '@hotstandby/adapters/linux-address';
import { connectNats } from '@hotstandby/adapters/nats';
import { NftGate } from '@hotstandby/adapters/nft-gate';
import { raisePriority, systemClock, systemIds } from '@hotstandby/adapters/system';
import { configFileOf, faultLine, loadConfig, runService } from '@hotstandby/platform';
import { HostnameBinding } from '@hotstandby/services/hostname-binding';
import { NetworkBinding } from '@hotstandby/services/network-binding';

/** A changed configuration file is noticed within this; SIGHUP is quicker. */
const watchEveryMs = 2000;

await runService('network-binding', async ({ service, config, place, log }) => {
  // The programs that it starts inherit it.
  log.info('priority', { raised: raisePriority() });
  const nats = await connectNats({ config, service, log });
  const { binding, timing } = config;
  const file = configFileOf(process.argv.slice(2), process.env) ?? '';
  let networkBinding: NetworkBinding | null = null;

  /** Only `binding` is taken over while the service runs; the rest of the file counts from the next start. */
  const readAgain = async (): Promise<void> => {
    const loaded = await loadConfig(file);
    if (loaded.ok && networkBinding) await networkBinding.reconfigure(loaded.config.binding);
    else if (loaded.ok) log.info('the changed configuration counts from the next start');
    else log.error('the changed configuration is not used', { faults: loaded.faults.map(faultLine) });
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
      if (binding.mode === 'hostname') {
        const names = new BindDns(binding);
        const addresses = binding.addresses ?? [config.node.address];
        return new HostnameBinding({ ...parts, ...binding, addresses, names, fenceLeadMs: timing.fenceLeadMs });
      }
      const addresses = binding.mode === 'vip' ? binding.addresses : [];
      const binder = new LinuxBinder({ place, addresses, log });
      const gate = new NftGate({ place, clock: systemClock });
      const peer = { cluster: place.cluster, node: config.peer.name };
      networkBinding = new NetworkBinding({ ...parts, binder, gate, binding, peer, fenceLeadMs: timing.fenceLeadMs });
      return networkBinding;
    },
    async close() {
      unwatchFile(file, onChange);
      await nats.close();
    },
  };
});
