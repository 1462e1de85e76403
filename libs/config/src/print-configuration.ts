import { fieldNotes } from './field-notes.ts';
import { listFields } from './list-fields.ts';
import { profiles, relations, takeoverWaitMs } from './profiles.ts';

/** The page about the configuration file: every field, the profiles, and the relations between timings. */
export function printConfiguration(example: string): string {
  const fields = listFields().map(({ path, shape, preset, required }) => {
    const without = path.startsWith('timing.') ? "the profile's" : required ? '**required**' : '';
    const presetText = preset === null ? without : `\`${preset}\``;
    return `| \`${path}\` | ${shape} | ${presetText} | ${fieldNotes[path] ?? ''} |`;
  });
  const names = ['beatMs', 'leaseTtlMs', 'fenceLeadMs', 'statementTimeoutMs', 'clockDrift', 'marginMs'] as const;
  const profileRows = Object.entries(profiles).map(
    ([name, timing]) =>
      `| \`${name}\` | ${names.map((field) => timing[field]).join(' | ')} | ${takeoverWaitMs(timing).toFixed(0)} |`,
  );
  return `# Configuration

One YAML (or JSON) file a node, read by all of its services and by the command line: \`--config FILE\`, else \`HOTSTANDBY_CONFIG\`. Relative
paths start at the folder of the file. A secret is never in the file: it is in another file that only the service's user can
read. An unknown field is refused. \`npx hotstandby check FILE\` names every fault and starts nothing.

This page is made from \`libs/config/src\` and checked by a test; \`npx vitest run --project unit libs/config --update\` writes it again.

## An example

[examples/node.yaml](../examples/node.yaml), read by a test:

\`\`\`yaml
${example.trim()}
\`\`\`

## Fields

| field | shape | default | meaning |
| --- | --- | --- | --- |
${fields.join('\n')}

A field whose name ends in \`Ms\`, \`Seconds\`, \`Days\` or \`Bytes\` is in that unit.

## Timing profiles

In milliseconds, but \`clockDrift\`.

| profile | ${names.map((name) => `\`${name}\``).join(' | ')} | take-over wait |
| --- |${names.map(() => ' ---: |').join('')} ---: |
${profileRows.join('\n')}

- \`fast\`: both nodes and the store on one good network. A host that stalls for longer than leaseTtlMs - fenceLeadMs fences
  and comes back: with \`fast\` that is 135 ms.
- \`standard\`: production.
- \`classic\`: the numbers of older systems (60 s / 60 s / 1).

With a \`timing.leaseTtlMs\` that is shorter than the profile's, what is not given goes with it: \`beatMs\` is a third of it at
most, \`fenceLeadMs\` 0.3 of it and \`statementTimeoutMs\` 0.8.

The **take-over wait** is how long a standby waits after the last sign of life that it saw:
\`leaseTtlMs x (1 + clockDrift) / (1 - clockDrift) + marginMs\`. By then a grant has ended on its holder's clock, however both
clocks drift.

## Relations that are refused

With \`HS_CONFIG_TIMING\`, each with the numbers that break it:

${relations.map(({ rule, why }) => `- ${rule}: ${why}.`).join('\n')}

With \`HS_CONFIG_INVALID\`: \`peer.name\` equal to \`node.name\`; a virtual address that is a node's own; a \`store.url\` that is
none of the forms below, or holds a password; \`notifier.enabled\` with a store on SQL Server.

## The store's URL

| URL | for |
| --- | --- |
| \`postgresql://user@host:5432/database\` | PostgreSQL. TLS: \`store.caFile\`, or \`?sslmode=require\` (encrypted, not verified) or \`verify-full\` (the CAs that Node.js knows). |
| \`postgresql://user@h1:5432,h2:5432/database?target_session_attrs=read-write\` | a replicated PostgreSQL that fails over by itself. Hosts are tried in order, each for a bounded time; a server in recovery is passed over. Which replication it needs: [operating](operating.md#a-replicated-store). |
| \`mssql://user@host:1433/database?encrypt=strict\` | SQL Server 2022 and later: TLS before the first byte (TDS 8). |
| \`mssql://user@host:1433/database\` | SQL Server, the same as \`?encrypt=true\`: TLS before the login. A server (or somebody in between) that offers none is refused before anything secret is sent. |
| \`...&hostNameInCertificate=name\` | SQL Server: the name that its certificate must show, where it is not the host of the URL. |
| \`mssql://user@127.0.0.1:1433/database?encrypt=off\` | SQL Server on this machine without TLS; refused for any other host. |

On SQL Server there are the lease, the history and telemetry; alerts are stored on PostgreSQL only, so far.
`;
}
