// A run that is killed: makes its network, starts something in it, says so, and never ends by itself.
import { spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Lan } from './lan.ts';
import { mark } from './leftovers.ts';

const lan = await Lan.open();
mkdtempSync(join(tmpdir(), `${mark}-`));
const left = spawn('nsenter', [`--net=/run/netns/${lan.namespace('a')}`, '--', 'sleep', '1000'], {
  detached: true,
  stdio: 'ignore',
});
console.log(`${mark} ${left.pid}`);
setInterval(() => {}, 1000);
