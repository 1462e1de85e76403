import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { CodedError } from '@hotstandby/contracts';
import type { Addresses } from './layout.ts';
import { outsideHome } from './store/run-as.ts';

/** Says that a folder is a pair's, and for which addresses its certificates were made. */
interface Marker {
  version: 1;
  addresses: Addresses;
}

const markerName = 'pair-data.json';
const locks = ['pair.lock', 'pair.lock-journal', 'pair.json'];

/** A folder with somebody else's files is refused: `--reset` must never empty a wrong one. */
export function refuseForeignFolder(data: string): void {
  if (!existsSync(data)) return;
  let names: string[];
  try {
    names = readdirSync(data);
  } catch (cause) {
    throw new CodedError('HS_DATA_UNUSABLE', `${data} cannot be used as the data folder.`, { cause });
  }
  if (names.includes(markerName) || names.every((name) => locks.includes(name))) return;
  throw new CodedError('HS_DATA_UNUSABLE', `${data} is not empty and was not made by a pair.`, {
    cure: 'Give an empty or a new folder with --data.',
  });
}

/** Empties a pair's folder; the lock that this process holds stays. */
export function resetFolder(data: string): void {
  for (const name of readdirSync(data)) {
    if (!locks.includes(name)) rmSync(path.join(data, name), { recursive: true, force: true });
  }
  rmSync(outsideHome(path.join(data, 'store', 'data')), { recursive: true, force: true });
}

/** Marks the folder. True when keys and certificates must be made: a new folder, or other addresses than before. */
export function claimFolder(data: string, addresses: Addresses): boolean {
  const file = path.join(data, markerName);
  mkdirSync(data, { recursive: true, mode: 0o750 });
  const marker: Marker = { version: 1, addresses };
  const text = JSON.stringify(marker);
  const same = existsSync(file) && readFileSync(file, 'utf8') === text;
  writeFileSync(file, text);
  return !same;
}
