// A process of its own in the client's namespace: ADDRESS PORT RUN FILE. Sends a syslog message (RFC 5424) with the next
// number every 20 ms, and writes number and moment (CLOCK_MONOTONIC, ms) of each into the file.
import { createSocket } from 'node:dgram';
import { appendFileSync } from 'node:fs';

const everyMs = 20;
const [address = '', port = '', run = '', file = ''] = process.argv.slice(2);
const socket = createSocket('udp4');
// While nobody has the address there is no way there: part of the scenario.
socket.on('error', () => {});
let sequence = 0;

setInterval(() => {
  const atMs = Number(process.hrtime.bigint()) / 1e6;
  const data = `[scenario@32473 run="${run}" seq="${sequence}"]`;
  const text = `<134>1 ${new Date().toISOString()} scenario-host scenario - seq ${data} message ${sequence}`;
  appendFileSync(file, `${sequence} ${atMs}\n`);
  sequence++;
  socket.send(text, Number(port), address, () => {});
}, everyMs);
