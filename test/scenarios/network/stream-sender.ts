// A device that logs over TCP at a steady rate: `stream-sender.ts NAME ADDRESS PORT PER_SECOND heedful|heedless`. Whoever is heedful sees that the
// other end has closed before it writes on, as rsyslog and syslog-ng do; a heedless one goes by the error of a write. Both make a
// new connection then, and write what comes meanwhile when it is there. Ends with SIGTERM, and prints how many it has sent.
import { connect, type Socket } from 'node:net';

const [name = '', host = '', port = '', perSecond = '', how = ''] = process.argv.slice(2);
const everyMs = 10;
const againMs = 20;
const waiting: number[] = [];
let sent = 0;
let connections = 0;
let socket: Socket | null = null;
let stopping = false;

function open(): void {
  connections++;
  const made = connect({ host, port: Number(port), allowHalfOpen: true, noDelay: true });
  made.once('connect', () => (socket = made));
  const gone = () => {
    if (socket === made) socket = null;
  };
  // Its own end goes behind everything that it has written.
  if (how === 'heedful') made.once('end', () => (gone(), made.end()));
  made.on('error', gone);
  made.once('close', () => {
    gone();
    if (!stopping) setTimeout(open, againMs);
  });
  made.resume();
}

function write(): void {
  if (!socket) return;
  for (const number of waiting.splice(0)) socket.write(`<134>1 - client ${name} - - - ${name} ${number}\n`);
}

open();
const beganMs = performance.now();
const timer = setInterval(() => {
  const due = Math.floor(((performance.now() - beganMs) * Number(perSecond)) / 1000);
  while (sent < due) waiting.push(++sent);
  write();
}, everyMs);
process.once('SIGTERM', () => {
  stopping = true;
  clearInterval(timer);
  console.log(JSON.stringify({ sent, connections }));
  if (socket) socket.end(() => process.exit(0));
  else process.exit(0);
});
