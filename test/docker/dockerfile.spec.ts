import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, matchesGlob } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root, servicesOf, textOf } from './compose.ts';

interface Stage {
  name: string;
  from: string;
  lines: string[];
}

/** Stages with their instructions, continuation lines joined. */
function stagesOf(text: string): Stage[] {
  const stages: Stage[] = [];
  const lines = text.replaceAll(/\\\n\s*/g, ' ').split('\n');
  for (const line of lines.map((one) => one.trim()).filter((one) => one !== '' && !one.startsWith('#'))) {
    const [, from, name] = /^FROM (\S+) AS (\S+)$/.exec(line) ?? [];
    if (from && name) stages.push({ name, from, lines: [] });
    else stages.at(-1)?.lines.push(line);
  }
  return stages;
}

const stages = stagesOf(textOf('Dockerfile'));
const stage = (name: string): Stage => {
  const found = stages.find((one) => one.name === name);
  if (!found) throw new Error(`no target ${name}`);
  return found;
};
/** The instructions of a target, those of what it is built on first. */
const allLines = (name: string): string[] => {
  const { from, lines } = stage(name);
  return [...(stages.some((one) => one.name === from) ? allLines(from) : []), ...lines];
};

describe.each(servicesOf('compose.node.yml'))('the image of %s', (name, { build, user, healthcheck, image }) => {
  const target = build?.target ?? '';

  it('has a target, its own name, and the bundle of the service', () => {
    expect(build).toMatchObject({ context: '..', dockerfile: 'docker/Dockerfile' });
    expect(image).toContain(`/${name}:`);
    if (name === 'nats') return;
    const expanded = allLines(target).map((line) => line.replaceAll('${SERVICE}', build?.args?.['SERVICE'] ?? ''));
    const bundle = `COPY --from=build /src/apps/${name}/bundle/main.mjs `;
    expect(expanded.filter((line) => line.startsWith(bundle) && line.endsWith(' ./'))).toHaveLength(1);
    expect(existsSync(join(root, 'apps', name, 'src', 'main.ts'))).toBe(true);
  });

  it('runs as the user that the compose file says', () => {
    const last = allLines(target).findLast((line) => line.startsWith('USER '));
    expect(last).toBe(user === '1000:1000' && name !== 'nats' ? 'USER node' : `USER ${user}`);
  });

  it('checks its health as the compose file does', () => {
    const check = allLines(target).findLast((line) => line.startsWith('HEALTHCHECK ')) ?? '';
    expect(JSON.parse(check.slice(check.indexOf('[')))).toEqual(healthcheck?.test.slice(1));
  });
});

it('installs what file-sync and network-binding call, and nothing for the others', () => {
  const apt = (name: string) =>
    allLines(name)
      .join('\n')
      .match(/apt-get install[^&]*/g) ?? [];
  for (const program of ['rsync', 'openssh-server', 'openssh-client'])
    expect(apt('file-sync').join()).toContain(program);
  for (const program of ['iproute2', 'nftables', 'iputils-arping'])
    expect(apt('network-binding').join()).toContain(program);
  expect(apt('service')).toEqual([]);
});

it('brings what is compiled beside the bundles that load it, where the compiler made it', () => {
  expect(allLines('service').join()).toContain('bundle/udp-batch.nod[e] ');
  expect(allLines('network-binding').join()).toContain('bundle/netfilter-socket.nod[e] ');
});

it('needs no argument for the targets that have none, where an engine builds every stage on the way', () => {
  expect(stages.findIndex(({ lines }) => lines.some((line) => line.startsWith('ARG ')))).toBe(stages.length - 1);
});

it('ships no host key: each node has its own from set-up', () => {
  expect(allLines('file-sync').join('\n')).toContain('rm -rf /var/lib/apt/lists/* /etc/ssh/ssh_host_*');
});

it('has every source in the build context, and nothing that is made or secret', () => {
  const patterns = readFileSync(join(root, '.dockerignore'), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  // Docker leaves a folder out with all that is in it.
  const leftOut = (path: string) =>
    path.split('/').some((_, depth, names) => {
      const upToHere = names.slice(0, depth + 1).join('/');
      return patterns.some((pattern) => matchesGlob(upToHere, pattern));
    });
  const sources = ['apps', 'libs', 'tools'].flatMap((top) =>
    readdirSync(join(root, top), { recursive: true, encoding: 'utf8' }).map((name) => `${top}/${name}`),
  );
  const made = /(^|\/)(node_modules|dist|bundle)(\/|$)|\.tsbuildinfo$/;
  expect(sources.length).toBeGreaterThan(200);
  expect(sources.filter((path) => !made.test(path) && leftOut(path))).toEqual([]);
  for (const path of ['package.json', 'package-lock.json', '.npmrc', 'nx.json', 'tsconfig.base.json'])
    expect(leftOut(path), path).toBe(false);
  for (const path of ['.git/config', 'apps/cli/node_modules/x', 'pair/node-a/keys/nats/arbiter.nk', 'docker/.env'])
    expect(leftOut(path), path).toBe(true);

  const copied = stages.flatMap(({ lines }) => lines).filter((line) => /^COPY (?!--from)/.test(line));
  for (const [source = ''] of copied.map((line) => line.split(' ').slice(1))) {
    expect(existsSync(join(root, source)), source).toBe(true);
    expect(source === '.' || !leftOut(source), source).toBe(true);
  }
});
