import type { LeaseStore, WriteGuard } from '@hotstandby/ports';

let incarnations = 0;

/** Makes a node the holder of the lease, whatever was before, and gives the guard of its writes. */
export async function claimAs(store: LeaseStore, name: string): Promise<WriteGuard> {
  incarnations += 1;
  const [nodeId, incarnation] = [`id-${name}`, `${name}-${incarnations}`];
  await store.prepare();
  const before = (await store.look()).nodes.find((node) => node.nodeId === nodeId);
  await store.enter({
    nodeId,
    name,
    incarnation,
    hostAddress: '127.0.0.1',
    consolePort: 8080,
    natsPort: 4222,
    serverRole: 'STARTING',
    version: '0.1.0',
    timeZone: 'UTC',
    remembers: { epoch: 0, membership: 0 },
    replaces: before?.incarnation ?? null,
  });
  const { reign, nodes, timeline } = await store.look();
  const seenHolderCount = nodes.find((node) => node.nodeId === reign.holder)?.lastCount ?? null;
  const won = await store.claim({ nodeId, incarnation, seen: reign, seenHolderCount, timeline, rebase: null });
  if (!won) throw new Error('the claim was lost with nobody else there');
  return { epoch: won.epoch, incarnation };
}
