import { LinuxBinder } from '@hotstandby/adapters/linux-address';
import { connectNats } from '@hotstandby/adapters/nats';
import { NftGate } from '@hotstandby/adapters/nft-gate';
import { raisePriority, systemClock, systemIds } from '@hotstandby/adapters/system';
import { runService } from '@hotstandby/platform';
import { NetworkBinding } from '@hotstandby/services/network-binding';

await runService('network-binding', async ({ service, config, place, log }) => {
  // The programs that it starts inherit it.
  log.info('priority', { raised: raisePriority() });
  const nats = await connectNats({ config, service, log });
  const { binding, timing } = config;
  return {
    ...nats,
    clock: systemClock,
    ids: systemIds,
    service: (parts) => {
      const addresses = binding.mode === 'vip' ? binding.addresses : [];
      const binder = new LinuxBinder({ place, addresses, log });
      const peer = { cluster: place.cluster, node: config.peer.name };
      const gate = new NftGate({ place, clock: systemClock });
      return new NetworkBinding({ ...parts, binder, gate, binding, peer, fenceLeadMs: timing.fenceLeadMs });
    },
  };
});
