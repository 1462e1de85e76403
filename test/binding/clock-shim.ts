import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/**
 * A folder with programs whose clock is ten minutes ahead (faketime does not get along with nsupdate), always or while the
 * file `when` is there; null: no compiler.
 */
export function compileClockShim(folder: string, when?: string, programs: readonly string[] = ['nsupdate']) {
  if (spawnSync('gcc', ['--version'], { stdio: 'ignore' }).error) return null;
  mkdirSync(folder, { recursive: true });
  const source = path.join(folder, 'clock.c');
  writeFileSync(
    source,
    `#define _GNU_SOURCE
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
int clock_gettime(clockid_t id, struct timespec *at) {
  int result = syscall(SYS_clock_gettime, id, at);
  if (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE) at->tv_sec += 600;
  return result;
}
int gettimeofday(struct timeval *at, void *zone) {
  struct timespec now;
  (void)zone;
  clock_gettime(CLOCK_REALTIME, &now);
  at->tv_sec = now.tv_sec;
  at->tv_usec = now.tv_nsec / 1000;
  return 0;
}
time_t time(time_t *at) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (at) *at = now.tv_sec;
  return now.tv_sec;
}
`,
  );
  const library = path.join(folder, 'clock.so');
  execFileSync('gcc', ['-shared', '-fPIC', '-w', '-o', library, source]);
  for (const program of programs) {
    const real = execFileSync('/bin/sh', ['-c', 'command -v "$0"', program], { encoding: 'utf8' }).trim();
    const script = path.join(folder, program);
    const always = `LD_PRELOAD='${library}' exec '${real}' "$@"`;
    writeFileSync(script, `#!/bin/sh\n${when ? `[ -e '${when}' ] || exec '${real}' "$@"\n` : ''}${always}\n`);
    chmodSync(script, 0o755);
  }
  return folder;
}

/**
 * From now on the programs that are searched for have a clock that is ten minutes ahead; what is returned ends that. null: no
 * compiler.
 */
export function shiftClocks(folder: string, programs?: readonly string[]): (() => void) | null {
  const shim = compileClockShim(folder, undefined, programs);
  if (!shim) return null;
  const before = process.env['HOTSTANDBY_PATH'];
  process.env['HOTSTANDBY_PATH'] = shim;
  return () => {
    if (before === undefined) delete process.env['HOTSTANDBY_PATH'];
    else process.env['HOTSTANDBY_PATH'] = before;
  };
}
