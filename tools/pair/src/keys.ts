import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { makePairFiles } from '@hotstandby/adapters/pki';
import { type Layout, type NodeName, cluster, nodeFolders, nodeNames, ports } from './layout.ts';

const gibibyte = 2 ** 30;

/** NATS: the pair's CA, the leaf's certificates, an nkey for each service, and each server's configuration; all new. */
export async function makeNatsFiles(layout: Layout): Promise<void> {
  const of = (node: NodeName) => ({
    name: node,
    address: layout.addresses[node],
    natsPort: ports.nats,
    leafPort: ports.leaf,
    dir: nodeFolders(layout, node).home,
    maxFileBytes: gibibyte,
  });
  const files = await makePairFiles({ cluster, nodes: [of('a'), of('b')] });
  for (const [index, node] of nodeNames.entries()) {
    const { home, natsKeys, jetstream } = nodeFolders(layout, node);
    rmSync(natsKeys, { recursive: true, force: true });
    for (const { path: name, content, mode } of files[index] ?? []) writeSecret(path.join(home, name), content, mode);
    mkdirSync(jetstream, { recursive: true });
  }
}

/** Never readable to others, not even for the moment between creation and change of mode. */
export function writeSecret(file: string, content: string, mode: number): void {
  mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
  rmSync(file, { force: true });
  writeFileSync(file, content, { mode });
  chmodSync(file, mode);
}
