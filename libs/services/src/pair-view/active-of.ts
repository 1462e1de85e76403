import type { ActiveNode, NodeStatus } from '@hotstandby/contracts';

/** What of a node's status tells who is active. */
export type Witness = Pick<NodeStatus, 'name' | 'address' | 'arbiter'>;

/** After this silence a holder that cannot be asked is not named any more, in beats of its own timing. */
const silentBeats = 10;

/**
 * Who is active, by what the nodes say: a node's word about itself first (of two, the newer epoch's), then whom the
 * other names as the holder, unless that one says of itself that it is not active. Null: nobody knows.
 */
export function activeOf(nodes: readonly Witness[]): ActiveNode | null {
  const newest = <Item extends { epoch: number }>(items: Item[]) =>
    items.toSorted((one, other) => other.epoch - one.epoch)[0];

  const self = newest(
    nodes.flatMap(({ name, address, arbiter }) => {
      if (arbiter?.role !== 'active') return [];
      const known = arbiter.nodes.find((node) => node.nodeId === arbiter.nodeId) ?? arbiter.active;
      return [{ epoch: arbiter.epoch, active: { name, address: known?.address ?? address, port: known?.consolePort } }];
    }),
  );
  if (self) return { name: self.active.name, address: self.active.address, consolePort: self.active.port ?? 0 };

  const denied = new Set(nodes.flatMap(({ arbiter }) => (arbiter ? [arbiter.nodeId] : [])));
  const named = newest(
    nodes.flatMap(({ arbiter }) => {
      const active = arbiter?.active;
      if (!arbiter || !active || denied.has(active.nodeId)) return [];
      if (active.silentMs !== null && active.silentMs > silentBeats * arbiter.timing.beatMs) return [];
      return [{ epoch: arbiter.epoch, active }];
    }),
  );
  if (!named) return null;
  const { name, address, consolePort } = named.active;
  return { name, address, consolePort };
}
