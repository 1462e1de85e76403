import { z } from 'zod';

/** What the two nodes' file-sync say to each other. */

const digest = z.string().regex(/^[0-9a-f]{64}$/);
const names = z.object({ directories: z.array(z.string()), files: z.array(z.string()) });
const filePath = z.string().min(1).max(4096);

/** One file of the active: path under the root with `/`, bytes, ms since 1970, permission bits, SHA-256 in hex. */
export const manifestFile = z.object({
  path: filePath,
  size: z.int().nonnegative(),
  modifiedMs: z.number(),
  mode: z.int().min(0).max(0o7777),
  digest,
  /** What this path held when it last came from the other node: whoever still has exactly that has changed nothing. */
  received: digest.nullable(),
});

/**
 * The active's files, written by its file-sync beside the root and fetched with them. It names the epoch it was made
 * under, so that a node which is no longer the holder is never believed.
 */
export const fileManifest = z.object({
  version: z.literal(1),
  node: z.string(),
  epoch: z.int().nonnegative(),
  madeAtWallMs: z.number(),
  selection: z.object({ include: names, exclude: names }),
  files: z.array(manifestFile),
  /** Files and folders that could not be read: they have not vanished. */
  unreadable: z.array(filePath).default([]),
  /** Files that came from the other node once and were removed here since. */
  gone: z.array(z.object({ path: filePath, received: digest })),
});
export type FileManifest = z.infer<typeof fileManifest>;

const fromManifest = z.object({ node: z.string(), epoch: z.int().nonnegative(), madeAtWallMs: z.number() });

/** How many changed files a message names, and how large they may be together: they are fetched with the manifest at once. */
export const hintLimits = { files: 100, bytes: 16 * 1024 * 1024 } as const;

/** The active's files changed and a new manifest lies ready. */
export const filesChanged = fromManifest.extend({
  /** What changed, when it is little; only a hint. */
  changed: z.array(filePath).max(hintLimits.files).default([]),
});
export type FilesChanged = z.infer<typeof filesChanged>;

/** The clock's time as people and file names have it: RFC 3339, UTC. */
export const isoTime = (wallMs: number): string => new Date(wallMs).toISOString();

/** The standby has what the manifest of that time says. */
export const filesInstalled = fromManifest;
export type FilesInstalled = z.infer<typeof filesInstalled>;
