import { createSocket } from 'node:dgram';
import { loadavg } from 'node:os';
import { Client } from 'pg';
import { CollectorRig, address } from '../../collector/rig.ts';

const perSecond = 1000;
const lookEveryMs = 5;

/** From the moment a syslog datagram is sent until its row can be read, at 1,000 a second, with everything real. */
export async function measureLatency(seconds: number): Promise<void> {
  const rig = await CollectorRig.start();
  const reader = new Client({ connectionString: rig.postgres.url });
  try {
    await reader.connect();
    await rig.readyCollector();
    await rig.claim();
    rig.grant();
    const socket = createSocket('udp4');
    const sentAtMs: number[] = [];
    const seenAtMs: number[] = [];
    const send = () => {
      const due = Math.floor(((performance.now() - beganMs) * perSecond) / 1000);
      while (sentAtMs.length < Math.min(due, total)) {
        socket.send(`<13>1 2026-11-21T09:00:00.000Z host app 1 ID - latency ${sentAtMs.length}`, rig.ports.syslog, address);
        sentAtMs.push(performance.now());
      }
    };
    const total = perSecond * seconds;
    const beganMs = performance.now();
    const timer = setInterval(send, 1);
    let lastNewMs = performance.now();
    let highest = 0;
    // Rows become visible together when their transaction is committed, and ids only grow: what is new is behind the last one seen.
    while (seenAtMs.length < total && performance.now() - lastNewMs < 10_000) {
      const { rows } = await reader.query<{ id: string; message: string }>(
        "select id, message from hotstandby.syslog_message where id > $1 and message like 'latency %' order by id",
        [highest],
      );
      const nowMs = performance.now();
      for (const { id, message } of rows) {
        const index = Number(message.slice('latency '.length));
        if (seenAtMs[index] === undefined) seenAtMs[index] = nowMs;
        highest = Math.max(highest, Number(id));
        lastNewMs = nowMs;
      }
      await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
    }
    clearInterval(timer);
    socket.close();
    const tookMs = seenAtMs.map((at, index) => at - (sentAtMs[index] ?? NaN)).filter(Number.isFinite).sort((a, b) => a - b);
    const at = (share: number) => (tookMs[Math.min(tookMs.length - 1, Math.floor(tookMs.length * share))] ?? NaN).toFixed(0);
    console.log(
      `\nlatency from datagram to committed row at ${perSecond}/s for ${seconds} s: median ${at(0.5)}, p99 ${at(0.99)}, largest ${at(1)} ms; ` +
        `${tookMs.length} of ${sentAtMs.length} rows; looked every ${lookEveryMs} ms, load ${(loadavg()[0] ?? 0).toFixed(1)} (bar: p99 500 ms)`,
    );
  } finally {
    await reader.end();
    await rig.stop();
  }
}
