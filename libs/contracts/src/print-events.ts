import { z } from 'zod';
import { eventNotes } from './event-notes.ts';
import { eventSchemas, type EventType } from './events.ts';

interface Shape {
  type?: string | string[];
  properties?: Record<string, Shape>;
  anyOf?: Shape[];
  items?: Shape;
  enum?: string[];
}

/** The page about events: the envelope, every type with its data, and the given subscriber. */
export function printEvents(subscriber: string): string {
  const rows = (Object.keys(eventSchemas) as EventType[]).map((type) => {
    const { by, when } = eventNotes[type];
    const { properties = {} } = z.toJSONSchema(eventSchemas[type]) as Shape;
    const data = Object.entries(properties).map(([name, shape]) => `\`${name}\`: ${inWords(shape)}`);
    return `| \`${type}\` | ${by} | ${when} | ${data.join('; ')} |`;
  });
  return `# Events

Every fact is a CloudEvent 1.0 on NATS, kept in the stream \`OPS\` of each node (128 MiB, 200,000 events, 90 days). Each node's stream
holds the events of both. \`npx hotstandby events --follow\` shows them, the console sends them (\`/api/events\`, see [cli.md](cli.md)), and any
NATS client can read them.

This page is made from \`libs/contracts/src\` and checked by a test; \`npx vitest run --project unit libs/contracts --update\` writes it again.

## The envelope

\`\`\`json
{
  "specversion": "1.0",
  "id": "792445b2-a716-4ecf-a763-e4275d27f264",
  "source": "/hotstandby/demo/b/arbiter",
  "type": "role.changed",
  "time": "2026-11-21T13:11:57.895Z",
  "datacontenttype": "application/json",
  "epoch": 2,
  "rule": "claim-silent-holder",
  "data": {
    "from": "standby",
    "to": "active",
    "rule": "claim-silent-holder",
    "reason": "the store granted the claim",
    "planned": false,
    "operator": null,
    "evidence": { "silentMs": 159, "lastCount": 2510, "takeoverWaitMs": 158 }
  }
}
\`\`\`

\`source\` is \`/hotstandby/<cluster>/<node>/<service>\`; \`epoch\` and \`rule\` are extensions and there when they mean something.
The subject is \`hs.<cluster>.<node>.<service>.event.<type>\`.

- **Once.** An event is stored once; its id is the \`Nats-Msg-Id\`, remembered for an hour. A reader that begins anew may
  see it again: go by the id.
- **Order.** The events of one node come in the order in which its server got them. Between the nodes there is none, and after a crash the other
  node's events come about 5 s late. Sequence numbers differ between the nodes; ids do not.
- **Change.** Types are only ever added; a type only ever gets optional fields.

## Types

| type | told by | when | data |
| --- | --- | --- | --- |
${rows.join('\n')}

Rule ids are those of [state-machine.md](state-machine.md), codes those of [errors.md](errors.md).

## A subscriber

[examples/subscriber.mjs](../examples/subscriber.mjs) is a plain NATS client with the read-only key \`subscriber.nk\` that set-up
makes for each node. It goes to the other node when one dies, and shows each event once: it reads on from a minute before the newest event it has,
because the other node's events may have come late, and leaves out the ids that it has seen. With \`npm start\`:

\`\`\`sh
node examples/subscriber.mjs a=127.0.0.11:4222=.hotstandby/pair/a/keys/nats/subscriber.nk \\
                             b=127.0.0.12:4222=.hotstandby/pair/b/keys/nats/subscriber.nk
\`\`\`

\`\`\`js
${subscriber.trim()}
\`\`\`

The subscriber may read the stream and nothing else (see [nats.md](nats.md)).
`;
}

function inWords({ type, properties, anyOf, items, enum: values }: Shape): string {
  if (values) return values.map((value) => `"${value}"`).join(', ');
  if (anyOf) return anyOf.map(inWords).join(' or ');
  if (items) return `list of ${inWords(items)}`;
  if (properties || type === 'object') return 'object';
  return (
    { string: 'text', number: 'number', integer: 'integer', boolean: 'true or false', null: 'null' }[String(type)] ??
    String(type)
  );
}
