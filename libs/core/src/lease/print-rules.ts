import { rules } from './rules.ts';

/** The table of rules as a page: a diagram and a line for each rule. */
export function printRules(): string {
  const entries = Object.entries(rules);
  const arrows = entries.flatMap(([id, { from, to }]) => from.map((role) => `  ${role} --> ${to}: ${id}`));
  const lines = entries.map(
    ([id, { from, to, sentence }]) => `| \`${id}\` | ${from.join(', ')} | ${to} | ${sentence} |`,
  );
  return `# The state machine of a node's role

Printed from \`libs/core/src/lease/rules.ts\` (\`npx vitest run --project unit -u libs/core/src/lease\` prints it anew; a test compares
the two). Rule ids are permanent: events and the history carry them. A node that is stopped says \`stopped\`; that is no rule's doing.

\`\`\`mermaid
stateDiagram-v2
  [*] --> starting
${arrows.join('\n')}
\`\`\`

| rule | from | to | in a sentence |
| --- | --- | --- | --- |
${lines.join('\n')}
`;
}
