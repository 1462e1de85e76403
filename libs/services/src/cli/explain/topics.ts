import { errorCodes, eventNotes, eventSchemas, commandExitCode, serviceExitCode } from '@hotstandby/contracts';
import type { ErrorCode, EventType } from '@hotstandby/contracts';
import { evidenceNotes, ruleNotes, rules, type RuleId } from '@hotstandby/core/lease';

/** Something that has a permanent name and an explanation. Also the shape of `explain --json`. */
export interface Topic {
  name: string;
  kind: 'rule' | 'event' | 'error' | 'evidence';
  /** What it is, in a sentence. */
  sentence: string;
  /** Heading and text, in the order in which they are told. */
  more: { heading: string; lines: string[] }[];
}

/** Everything that can be explained, made from the lists that the program itself works with. */
export function topics(): Topic[] {
  return [
    ...Object.keys(rules).map((id) => ruleTopic(id as RuleId)),
    ...Object.keys(eventNotes).map((type) => eventTopic(type as EventType)),
    ...Object.keys(errorCodes).map((code) => errorTopic(code as ErrorCode)),
    ...Object.entries(evidenceNotes).map(([name, { meaning }]): Topic => ({
      name,
      kind: 'evidence',
      sentence: meaning,
      more: [{ heading: 'recorded by', lines: rulesWith(name) }],
    })),
  ];
}

function ruleTopic(name: RuleId): Topic {
  const { from, to, sentence } = rules[name];
  const { evidence, operator, read } = ruleNotes[name];
  const recorded = evidence.map((key) => `${key}: ${evidenceNotes[key].meaning}`);
  return {
    name,
    kind: 'rule',
    sentence,
    more: [
      { heading: 'role', lines: [`${from.join(', ')} -> ${to}`] },
      { heading: 'evidence', lines: recorded.length > 0 ? recorded : ['none'] },
      { heading: 'what to do', lines: [operator] },
      { heading: 'read on', lines: read.map(([page, heading]) => `docs/${page}, "${heading}"`) },
    ],
  };
}

function eventTopic(name: EventType): Topic {
  const { by, when } = eventNotes[name];
  const fields = Object.keys(eventSchemas[name].shape);
  return {
    name,
    kind: 'event',
    sentence: when,
    more: [
      { heading: 'told by', lines: [by] },
      { heading: 'data', lines: [fields.join(', ')] },
      { heading: 'read on', lines: ['docs/events.md', 'docs/operating.md, "Alarms"'] },
    ],
  };
}

function errorTopic(name: ErrorCode): Topic {
  const [meaning, cure] = errorCodes[name];
  return {
    name,
    kind: 'error',
    sentence: meaning,
    more: [
      { heading: 'what to do', lines: [cure] },
      {
        heading: 'exit code',
        lines: [`${serviceExitCode(name)} of a service that cannot start, ${commandExitCode(name)} of a command`],
      },
      { heading: 'read on', lines: ['docs/errors.md'] },
    ],
  };
}

function rulesWith(key: string): string[] {
  return Object.entries(ruleNotes)
    .filter(([, { evidence }]) => (evidence as readonly string[]).includes(key))
    .map(([id]) => id);
}
