import { LinuxBinder, macOf, probeAddress } from '@hotstandby/adapters/linux-address';
import { openNameServers } from '@hotstandby/adapters/name-servers';
import { NftGate } from '@hotstandby/adapters/nft-gate';
import { systemNames } from '@hotstandby/adapters/resolver';
import { systemClock } from '@hotstandby/adapters/system';
import { originalSourceLack } from '@hotstandby/adapters/udp';
import type { WithLook } from '@hotstandby/services/cli';

const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** Looks with what the service itself works with. */
export const withLook: WithLook = async (config, act) => {
  const { binding, cluster, node } = config;
  const place = { cluster, node: node.name };
  const addresses = binding.mode === 'vip' ? binding.addresses : [];
  const binder = new LinuxBinder({ place, addresses, log: quiet });
  const gate = new NftGate({ place, clock: systemClock });
  const names = binding.mode === 'hostname' ? openNameServers(binding) : null;
  try {
    const host = { binder, gate, probe: probeAddress, macOf };
    return await act({ host, names, forwardLack: originalSourceLack, resolver: systemNames });
  } finally {
    await Promise.all([binder.close(), gate.leave(), names?.close()]);
  }
};
