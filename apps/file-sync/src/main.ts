import { join } from 'node:path';
import { FolderTree, incomingFolder, stagingFolder, SyncMemoryFile } from '@hotstandby/adapters/file-tree';
import { connectNats } from '@hotstandby/adapters/nats';
import { RsyncTransfer } from '@hotstandby/adapters/rsync';
import { systemClock, systemIds } from '@hotstandby/adapters/system';
import { runService } from '@hotstandby/platform';
import { FileSync, FileSyncOff } from '@hotstandby/services/file-sync';

await runService('file-sync', async ({ service, config, place, log }) => {
  const nats = await connectNats({ config, service, log });
  const { node, peer, fileSync } = config;
  return {
    ...nats,
    clock: systemClock,
    ids: systemIds,
    service: async (parts) => {
      if (!fileSync.enabled) return new FileSyncOff();
      const { root, include, exclude, intervalSeconds, ...ssh } = fileSync;
      const stagingDir = await stagingFolder(root);
      const own = join(node.dataDir, 'file-sync');
      return new FileSync({
        ...parts,
        place,
        transfer: new RsyncTransfer({ ...ssh, node, peer, root, incomingDir: incomingFolder(stagingDir), log }),
        tree: new FolderTree({ root, stagingDir, cacheFile: join(own, 'digests.json') }),
        memory: new SyncMemoryFile(join(own, 'memory.json'), log),
        settings: { peer: peer.name, selection: { include, exclude }, intervalSeconds },
      });
    },
  };
});
