import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parse } from 'yaml';

export const root = resolve(import.meta.dirname, '../..');
export const dockerFolder = join(root, 'docker');
export const composeFiles = ['compose.node.yml', 'compose.store.yml'] as const;
export type ComposeFile = (typeof composeFiles)[number];

/** A service as these tests look at it. */
export interface ComposeService {
  [key: string]: unknown;
  image: string;
  build?: { context: string; dockerfile: string; target: string; args?: Record<string, string> };
  user?: string;
  init?: boolean;
  read_only?: boolean;
  network_mode?: string;
  cap_add?: string[];
  cap_drop?: string[];
  security_opt?: string[];
  restart?: string;
  mem_limit?: string;
  pids_limit?: number;
  stop_grace_period?: string;
  tmpfs?: string[];
  ports?: string[];
  depends_on?: Record<string, { condition: string }>;
  healthcheck?: { test: string[]; interval: string; timeout: string; retries: number };
  logging?: { driver: string; options: Record<string, string> };
  volumes?: {
    type: string;
    source: string;
    target: string;
    read_only?: boolean;
    bind?: { create_host_path: boolean };
  }[];
}

export const textOf = (name: string): string => readFileSync(join(dockerFolder, name), 'utf8');

/** The services with anchors and merges resolved; variables stay as written. */
export function servicesOf(file: ComposeFile): [name: string, service: ComposeService][] {
  const { services } = parse(textOf(file), { merge: true }) as { services: Record<string, ComposeService> };
  return Object.entries(services);
}

/** Names of the `${VARIABLE...}` of a compose text; `$$` is a dollar sign. */
export function variablesOf(text: string): Set<string> {
  return new Set(
    [...text.replaceAll('$$', '').matchAll(/\$\{?([A-Za-z_][A-Za-z0-9_]*)/g)].map(([, name = '']) => name),
  );
}
