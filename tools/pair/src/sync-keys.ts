import { rmSync } from 'node:fs';
import path from 'node:path';
import { makeSshKeys } from '@hotstandby/adapters/rsync';
import { writeSecret } from './keys.ts';
import { type Layout, nodeFolders, nodeNames } from './layout.ts';

/** The keys with which each node's file-sync reaches the other's, and each node's host key; all new. */
export function makeSyncKeys(layout: Layout): void {
  const made = makeSshKeys(['a', 'b']);
  for (const node of nodeNames) {
    const { home, sshKeys } = nodeFolders(layout, node);
    rmSync(sshKeys, { recursive: true, force: true });
    for (const { path: name, content, mode } of made[node] ?? []) writeSecret(path.join(home, name), content, mode);
  }
}
