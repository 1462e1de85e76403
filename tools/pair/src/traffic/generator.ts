import { createSocket, type Socket, type SocketOptions } from 'node:dgram';
import { openSync, writeSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { FollowName, type NameToFollow } from '../dns/follow-name.ts';
import { encodeAnyFlow } from './flows.ts';
import { encodeSyslog } from './syslog.ts';
import { encodeTrap } from './trap.ts';

export const trafficKinds = ['syslog', 'trap', 'flow'] as const;
export type TrafficKind = (typeof trafficKinds)[number];

export interface TrafficOptions {
  /** Every datagram goes to each of them. */
  targets: string[];
  /** It goes where this name leads, besides; null: there is none. */
  follow: NameToFollow | null;
  ports: Record<TrafficKind, number>;
  /** Datagrams a second of each kind. */
  rate: number;
  /** Of the flows of each version, every so many datagrams bring the template; the first does. */
  templateEvery: number;
  /** Marks everything of this run; below 2^31. */
  run: number;
  /**
   * What was sent, one line a datagram: kind, sequence number, wall clock in ms; and a line whenever the name led elsewhere:
   * `address`, the new one, wall clock in ms; and one for each datagram that this host did not send: `failed`, the code, wall clock.
   */
  logFile: string;
}

const tickMs = 10;

/** Sends until SIGTERM, at an even rate; a tick that comes late makes up for it. */
export async function sendTraffic(options: TrafficOptions): Promise<void> {
  mkdirSync(path.dirname(options.logFile), { recursive: true });
  // A second life must not send the same numbers again: the file is there then, and this throws.
  const log = openSync(options.logFile, 'wx');
  // Targets are addresses: to look each of them up costs more than to send.
  const lookup: SocketOptions['lookup'] = (address, _, done) => done(null, address, 4);
  const sockets = Object.fromEntries(
    trafficKinds.map((kind) => [kind, createSocket({ type: 'udp4', lookup })]),
  ) as Record<TrafficKind, Socket>;
  for (const socket of Object.values(sockets)) socket.on('error', (error) => console.error(error.message));
  let startedAt = performance.now();
  let sequence = 0;
  let lines = '';

  const follow = options.follow
    ? new FollowName(options.follow, (address) => (lines += `address ${address} ${Date.now()}\n`))
    : null;
  follow?.start();

  const told = (error: Error | null) => {
    if (error) lines += `failed ${(error as NodeJS.ErrnoException).code ?? error.message} ${Date.now()}\n`;
  };
  const sendOne = (kind: TrafficKind, uptimeMs: number) => {
    const atMs = Date.now();
    const bytes =
      kind === 'syslog'
        ? encodeSyslog(options.run, sequence, atMs)
        : kind === 'trap'
          ? encodeTrap(options.run, sequence, Math.floor(uptimeMs / 10))
          : encodeAnyFlow(options.run, sequence, {
              atMs,
              uptimeMs: Math.floor(uptimeMs),
              templateEvery: options.templateEvery,
            });
    const targets = follow?.address ? [...options.targets, follow.address] : options.targets;
    for (const target of targets) sockets[kind].send(bytes, options.ports[kind], target, told);
    lines += `${kind} ${sequence} ${atMs}\n`;
  };
  const flush = () => {
    if (lines !== '') writeSync(log, lines);
    lines = '';
  };
  const ticker = setInterval(() => {
    // Nothing is sent to nowhere.
    if (follow?.address === null) {
      startedAt = performance.now();
      return;
    }
    const uptimeMs = performance.now() - startedAt;
    const due = Math.floor((uptimeMs * options.rate) / 1000) - sequence;
    for (let count = 0; count < due; count++) {
      sequence++;
      for (const kind of trafficKinds) sendOne(kind, uptimeMs);
    }
  }, tickMs);
  const flusher = setInterval(flush, 200);
  await new Promise<void>((resolve) => {
    process.once('SIGTERM', resolve);
    process.once('SIGINT', resolve);
  });
  follow?.stop();
  clearInterval(ticker);
  clearInterval(flusher);
  flush();
  // Sends that are under way go out first.
  await new Promise((resolve) => setImmediate(resolve));
  for (const socket of Object.values(sockets)) socket.close();
}
