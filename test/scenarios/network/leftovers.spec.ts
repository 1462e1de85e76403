import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { processEntry } from '../../../tools/pair/src/process-table.ts';
import { Lan } from './lan.ts';
import { removeLeftovers } from './leftovers.ts';
import { ip, missing } from './programs.ts';

const why = missing();

it.skipIf(why !== null)(
  `removes what a killed run has left, and leaves a living one alone${why === null ? '' : ` (${why})`}`,
  async () => {
    const living = await Lan.open();
    try {
      const args = ['--conditions=@hotstandby/source', join(import.meta.dirname, 'abandoned-run.ts')];
      const killed = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
      const [said] = (await once(killed.stdout, 'data')) as [Buffer];
      const [mark = '', pid = ''] = said.toString().trim().split(' ');
      await removeLeftovers();
      expect(await ip('netns', 'list')).toContain(mark);
      expect(processEntry(Number(pid))).not.toBeNull();

      killed.kill('SIGKILL');
      await once(killed, 'exit');
      await removeLeftovers();
      expect(await ip('netns', 'list')).not.toContain(mark);
      expect([null, 'Z']).toContain(processEntry(Number(pid))?.state ?? null);
      expect(readdirSync(tmpdir()).filter((name) => name.startsWith(mark))).toEqual([]);
      expect(existsSync(`/run/netns/${living.namespace('a')}`)).toBe(true);
    } finally {
      await living.close();
    }
    expect(await ip('netns', 'list')).not.toContain(living.namespace('a'));
  },
);
