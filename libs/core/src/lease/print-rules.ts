import { evidenceNotes } from './evidence-notes.ts';
import { ruleNotes } from './rule-notes.ts';
import { rules } from './rules.ts';

/** The table of rules as a page: a diagram, a line for each rule, and what a person can do about each. */
export function printRules(): string {
  const entries = Object.entries(rules);
  const arrows = entries.flatMap(([id, { from, to }]) => from.map((role) => `  ${role} --> ${to}: ${id}`));
  const lines = entries.map(
    ([id, { from, to, sentence }]) => `| \`${id}\` | ${from.join(', ')} | ${to} | ${sentence} |`,
  );
  const notes = Object.entries(ruleNotes).map(([id, { evidence, operator, read }]) => {
    const keys = evidence.map((key) => `\`${key}\``).join(', ');
    return `| \`${id}\` | ${keys || 'nothing'} | ${operator} | ${read.map(link).join(', ')} |`;
  });
  const keys = Object.entries(evidenceNotes).map(([key, { meaning }]) => `| \`${key}\` | ${meaning} |`);
  return `# The state machine of a node's role

Printed from \`libs/core/src/lease/rules.ts\` and what stands beside it (\`npx vitest run --project unit -u libs/core/src/lease\` prints it
anew; a test compares the two). Rule ids are permanent: events and the history carry them. A node that is stopped says \`stopped\`; that is
no rule's doing. On the command line: \`hotstandby explain RULE\`.

\`\`\`mermaid
stateDiagram-v2
  [*] --> starting
${arrows.join('\n')}
\`\`\`

| rule | from | to | in a sentence |
| --- | --- | --- | --- |
${lines.join('\n')}

## What a person can do

| rule | evidence | what to do | read on |
| --- | --- | --- | --- |
${notes.join('\n')}

## Evidence

Recorded with a transition, in the history and in \`role.changed\`.

| key | meaning |
| --- | --- |
${keys.join('\n')}
`;
}

function link([page, heading]: readonly [page: string, heading: string]): string {
  const anchor = heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
  return `[${heading}](${page}#${anchor})`;
}
