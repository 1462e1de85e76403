// The health check of every service: asks the service itself where its file says that it listens. Exit 0: it answers 200.
//
// `live` (the default) says only that the process turns. A standby is live, and so is a service whose store or NATS is
// away: whoever restarts unhealthy containers must not restart those, because nothing gets better by it. `ready` is for
// people: `docker compose exec console node /app/health.mjs ready`.
import { readFileSync } from 'node:fs';

const file = process.env.HOTSTANDBY_HTTP_FILE ?? '/run/hotstandby/http';
const question = process.argv[2] ?? 'live';

try {
  const url = new URL(`/health/${question}`, readFileSync(file, 'utf8').trim());
  const response = await fetch(url, { signal: AbortSignal.timeout(3000) });
  console.log(`${response.status} ${await response.text()}`);
  process.exitCode = response.status === 200 ? 0 : 1;
} catch (error) {
  // What a person sees in `docker inspect`; the cause of a failed fetch is the part that tells.
  console.error(String(error.cause ?? error));
  process.exitCode = 1;
}
