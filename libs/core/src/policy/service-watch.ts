import { saidWhen, type ClockGap } from './said-when.ts';

/** What is known of one service of one node, all its replicas together. Times are the monotonic clock's, in ms. */
export interface ServiceWatch {
  instances: Readonly<Record<string, { saidAtMs: number; failed: boolean; summary: string; gap?: ClockGap }>>;
  /** When a new instance was first heard after another one: restarts, as seen from outside. */
  startedAtMs: readonly number[];
  /** Since when no instance is heard and well; null: one is. */
  unwellSinceMs: number | null;
}

export interface Said {
  instance: string;
  /** By the clock of whoever said it. */
  saidAtMs: number;
  health: 'ok' | 'degraded' | 'failed';
  summary: string;
}

export interface RestartPolicy {
  localRestarts: number;
  restartWindowMs: number;
}

/** Statuses come every second: after this silence a service is taken for gone. */
export const silentAfterMs = 3000;
const mostInstances = 32;

export function hear(watch: ServiceWatch | undefined, said: Said, nowMs: number, policy: RestartPolicy): ServiceWatch {
  const failed = said.health === 'failed';
  const before = watch?.instances ?? {};
  // One that was silent is no restart when it speaks again, nor is the first one that is ever heard.
  const restarted = Object.keys(before).length > 0 && before[said.instance] === undefined;
  const startedAtMs = (watch?.startedAtMs ?? []).filter((atMs) => nowMs - atMs < policy.restartWindowMs);
  if (restarted) startedAtMs.push(nowMs);
  const others = Object.entries(before).filter(([instance]) => instance !== said.instance);
  const instances = Object.fromEntries(others.slice(1 - mostInstances));
  const { gap, saidAtMs } = saidWhen(before[said.instance]?.gap, said.saidAtMs, nowMs);
  instances[said.instance] = { saidAtMs, failed, summary: said.summary, gap };
  // A restarted service gets its time anew, as often as the policy waits for restarts.
  const chance = restarted && startedAtMs.length <= policy.localRestarts;
  const unwellSinceMs = chance ? null : (watch?.unwellSinceMs ?? null);
  return settle({ instances, startedAtMs, unwellSinceMs }, nowMs, Number.NEGATIVE_INFINITY);
}

/** The watch at this moment. `listeningSinceMs`: what was not heard before then says nothing. */
export function settle(watch: ServiceWatch, nowMs: number, listeningSinceMs: number): ServiceWatch {
  const heard = Object.values(watch.instances);
  const lastMs = Math.max(listeningSinceMs, ...heard.map(({ saidAtMs }) => saidAtMs));
  if (nowMs - lastMs > silentAfterMs) return { ...watch, unwellSinceMs: watch.unwellSinceMs ?? lastMs };
  const fresh = heard.filter(({ saidAtMs }) => nowMs - saidAtMs <= silentAfterMs);
  // Nothing heard yet, and the time for it has not passed: as before.
  if (fresh.length === 0) return watch;
  const well = fresh.some(({ failed }) => !failed);
  return { ...watch, unwellSinceMs: well ? null : (watch.unwellSinceMs ?? nowMs) };
}

export const heardSince = ({ instances }: ServiceWatch, sinceMs: number): boolean =>
  Object.values(instances).some(({ saidAtMs }) => saidAtMs >= sinceMs);

/** What is wrong with the service, in words, and whether that is reason enough; null: nothing is. `atOnce`: its word is. */
export function trouble(
  watch: ServiceWatch,
  nowMs: number,
  policy: RestartPolicy & { handOverAfterMs: number },
  atOnce: boolean,
): { what: string; due: boolean } | null {
  const restarts = watch.startedAtMs.filter((atMs) => nowMs - atMs < policy.restartWindowMs).length;
  const inWindow = `restarted ${restarts} times in ${seconds(policy.restartWindowMs)}`;
  if (watch.unwellSinceMs === null) {
    // One that has been well since for as long as an unwell one is given is not restarted again and again.
    const lastMs = watch.startedAtMs.at(-1) ?? Number.NEGATIVE_INFINITY;
    const again = restarts > policy.localRestarts && nowMs - lastMs < policy.handOverAfterMs;
    return again ? { what: inWindow, due: true } : null;
  }
  const forMs = nowMs - watch.unwellSinceMs;
  const failed = Object.values(watch.instances).find((one) => one.failed && nowMs - one.saidAtMs <= silentAfterMs);
  const what = failed ? `failed for ${seconds(forMs)}: ${failed.summary}` : `silent for ${seconds(forMs)}`;
  const restartedInVain = restarts > 0 && restarts >= policy.localRestarts;
  return restartedInVain
    ? { what: `${what}, after it was ${inWindow}`, due: true }
    : { what, due: atOnce || forMs >= policy.handOverAfterMs };
}

export const seconds = (ms: number): string => `${Math.round(ms / 1000)} s`;
