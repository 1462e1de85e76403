import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { makeNatsFiles } from './keys.ts';
import { type Layout, nodeFolders, nodeNames, sharedFolders } from './layout.ts';
import { type NodeConfigChoices, nodeConfigText } from './node-config.ts';
import { makeSyncKeys } from './sync-keys.ts';

/**
 * Folders, keys and configurations of both nodes. Keys and certificates are made when `newKeys` says so; the
 * configurations at every start, because options may have changed.
 */
export async function setUpNodes(layout: Layout, choices: NodeConfigChoices, newKeys: boolean): Promise<void> {
  const shared = sharedFolders(layout);
  for (const folder of [shared.mails, shared.logs, shared.run]) mkdirSync(folder, { recursive: true });
  for (const node of nodeNames) {
    const folders = nodeFolders(layout, node);
    for (const folder of [folders.data, folders.files, folders.logs]) mkdirSync(folder, { recursive: true });
  }
  const missing = nodeNames.some((node) => !existsSync(nodeFolders(layout, node).natsConfig));
  if (newKeys || missing) await makeNatsFiles(layout);
  const sshMissing = nodeNames.some((node) => !existsSync(path.join(nodeFolders(layout, node).sshKeys, 'id')));
  if (choices.fileSync && (newKeys || sshMissing)) makeSyncKeys(layout);
  for (const node of nodeNames) writeFileSync(nodeFolders(layout, node).config, nodeConfigText(layout, node, choices));
  writeSamples(layout);
}

/** On node a only: the standby brings them over, and a person sees it. */
function writeSamples(layout: Layout): void {
  const { files } = nodeFolders(layout, 'a');
  const sample = path.join(files, 'devices.yaml');
  if (existsSync(sample)) return;
  mkdirSync(path.join(files, 'maps'), { recursive: true });
  writeFileSync(
    sample,
    '# Edit this file on the active node and see it on the other.\nrouter-1: 192.0.2.1\nswitch-1: 192.0.2.2\n',
  );
  writeFileSync(path.join(files, 'maps', 'site.txt'), 'router-1 -- switch-1\n');
}
