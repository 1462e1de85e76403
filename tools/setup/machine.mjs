// Whether this machine can run the pair at all, and whether it has the memory.
import { existsSync, readFileSync } from 'node:fs';
import { Fault } from './progress.mjs';

const neededBytes = 1.5 * 2 ** 30;

/** A Fault when the pair cannot run here, else null. */
export function unsuitable() {
  const major = Number(process.versions.node.split('.')[0]);
  if (major < 20)
    return new Fault(`Node ${process.versions.node} is too old to set the pair up.`, 'Install Node 20 or newer.');
  if (process.platform !== 'linux')
    return new Fault(
      `The pair runs on Linux; this is ${process.platform}.`,
      'Use a Linux machine, a virtual machine or a container.',
    );
  if (process.arch !== 'x64' && process.arch !== 'arm64')
    return new Fault(`There are no PostgreSQL binaries for ${process.arch}.`, 'Use an x64 or arm64 machine.');
  return null;
}

/** A line for people when less than 1.5 GB can be had, else null. */
export function memoryWarning(readText = readOrNull) {
  const free = availableBytes(readText);
  if (free === null || free >= neededBytes) return null;
  const gb = (bytes) => (bytes / 2 ** 30).toFixed(1);
  return (
    `Only ${gb(free)} GB of memory can be had and the pair needs about ${gb(neededBytes)} GB: ` +
    'it may be slow, or the kernel may end parts of it. Close other programs, or raise the limit of this container.'
  );
}

/** The smaller of what the machine has and what the control group still allows; null when neither can be read. */
export function availableBytes(readText) {
  const candidates = [];
  const meminfo = /^MemAvailable:\s+(\d+) kB$/m.exec(readText('/proc/meminfo') ?? '');
  if (meminfo) candidates.push(Number(meminfo[1]) * 1024);
  const limits = [
    ['/sys/fs/cgroup/memory.max', '/sys/fs/cgroup/memory.current'],
    ['/sys/fs/cgroup/memory/memory.limit_in_bytes', '/sys/fs/cgroup/memory/memory.usage_in_bytes'],
  ];
  for (const [limitFile, usageFile] of limits) {
    const limit = Number(readText(limitFile)?.trim());
    const usage = Number(readText(usageFile)?.trim());
    // "max" and the huge number of version 1 both mean that there is no limit.
    if (Number.isFinite(limit) && limit > 0 && limit < 2 ** 60 && Number.isFinite(usage))
      candidates.push(limit - usage);
  }
  return candidates.length > 0 ? Math.min(...candidates) : null;
}

function readOrNull(file) {
  return existsSync(file) ? readFileSync(file, 'utf8') : null;
}
