import { CodedError, exitCodes } from '@hotstandby/contracts';
import { topicsText, topicText } from '../explain/explain-text.ts';
import { nearMatches } from '../explain/near-matches.ts';
import { topics } from '../explain/topics.ts';
import { jsonText, type Output } from '../output.ts';
import { printable } from '../text/paint.ts';

/** Explains a rule, an event type, an error code or a key of evidence; without a name it lists all. Throws `HS_USAGE`. */
export function explainCommand(name: string | undefined, output: Output): number {
  const all = topics();
  if (name === undefined) {
    if (output.json) output.out(jsonText(all, 2));
    else for (const line of topicsText(all, output.paint)) output.out(line);
    return exitCodes.ok;
  }
  const found = all.filter((topic) => topic.name.toLowerCase() === name.trim().toLowerCase());
  if (found.length === 0)
    throw unknown(
      name,
      all.map((topic) => topic.name),
    );
  if (output.json) output.out(jsonText(found, 2));
  else for (const topic of found) for (const line of topicText(topic, output.paint)) output.out(line);
  return exitCodes.ok;
}

function unknown(name: string, names: string[]): CodedError {
  const near = nearMatches(name, names);
  const cure =
    near.length > 0
      ? `Perhaps ${near.join(', ')}? \`hotstandby explain\` lists all names.`
      : '`hotstandby explain` lists all names.';
  return new CodedError('HS_USAGE', `nothing has the name "${printable(name).slice(0, 100)}"`, { cure });
}
