import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/**
 * A folder with an nsupdate whose clock is ten minutes ahead (faketime does not get along with it), always or while the file
 * `when` is there; null: no compiler.
 */
export function compileClockShim(folder: string, when?: string): string | null {
  if (spawnSync('gcc', ['--version'], { stdio: 'ignore' }).error) return null;
  mkdirSync(folder, { recursive: true });
  const source = path.join(folder, 'clock.c');
  writeFileSync(
    source,
    `#define _GNU_SOURCE
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
int clock_gettime(clockid_t id, struct timespec *at) {
  int result = syscall(SYS_clock_gettime, id, at);
  if (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE) at->tv_sec += 600;
  return result;
}
`,
  );
  const library = path.join(folder, 'clock.so');
  execFileSync('gcc', ['-shared', '-fPIC', '-o', library, source]);
  const nsupdate = execFileSync('/bin/sh', ['-c', 'command -v nsupdate'], { encoding: 'utf8' }).trim();
  const script = path.join(folder, 'nsupdate');
  const always = `LD_PRELOAD='${library}' exec '${nsupdate}' "$@"`;
  writeFileSync(script, `#!/bin/sh\n${when ? `[ -e '${when}' ] || exec '${nsupdate}' "$@"\n` : ''}${always}\n`);
  chmodSync(script, 0o755);
  return folder;
}
