// Follows the events of both nodes on whichever node answers, each event once:
//   node examples/subscriber.mjs NAME=HOST:PORT=KEYFILE NAME=HOST:PORT=KEYFILE
import { readFileSync } from 'node:fs';
import { jetstream } from '@nats-io/jetstream';
import { connect, nkeyAuthenticator } from '@nats-io/transport-node';

const nodes = process.argv.slice(2).map((node) => node.split('='));
const began = Date.now();
const seen = new Set();
for (let from = began, turn = 0; ; turn++) {
  const [name, servers, keyFile] = nodes[turn % nodes.length];
  const authenticator = nkeyAuthenticator(new TextEncoder().encode(readFileSync(keyFile, 'utf8').trim()));
  const settings = { inboxPrefix: `_INBOX.${name}.subscriber`, reconnect: false, pingInterval: 2000 };
  try {
    const connection = await connect({ servers, authenticator, ...settings });
    const start = { deliver_policy: 'by_start_time', opt_start_time: new Date(from).toISOString() };
    const messages = await (await jetstream(connection).consumers.get('OPS', start)).consume();
    void connection.closed().then(() => messages.stop());
    for await (const message of messages) {
      const event = message.json();
      if (seen.has(event.id)) continue;
      seen.add(event.id);
      from = Math.max(began, Date.parse(event.time) - 60_000);
      console.log(`${event.time} ${event.source} ${event.type} ${JSON.stringify(event.data)}`);
    }
  } catch (error) {
    console.error(`${name}: ${error.message}`);
  }
  await new Promise((resolve) => setTimeout(resolve, 250));
}
