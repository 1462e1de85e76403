import type { DatagramContext } from '../records.ts';
import { readDataSet, systemInitOf } from './data-sets.ts';
import { readMessageHeader, walkSets } from './message.ts';
import type { MessageHeader } from './message.ts';
import type { TemplateCache } from './template-cache.ts';
import { readTemplateSet, templateSetKind } from './template-sets.ts';
import type { TemplateStatement } from './template-sets.ts';
import type { PlainTemplate } from './template.ts';

/** What was learned and forgotten. */
export interface Learned {
  /** Templates that were not known, or known otherwise. */
  learned: PlainTemplate[];
  withdrawn: number;
}

/**
 * Takes the templates out of a datagram (and the exporters' starting times out of options), nothing else: what a standby
 * does with everything it receives, at a fraction of the cost of the flows. Never throws; anything else than version 9 or IPFIX
 * teaches nothing.
 */
export function learnTemplates(bytes: Uint8Array, context: DatagramContext, templates: TemplateCache): Learned {
  const result: Learned = { learned: [], withdrawn: 0 };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = bytes.length >= 2 ? view.getUint16(0) : null;
  const header = version === 9 || version === 10 ? readMessageHeader(view, version) : null;
  if (!header) return result;
  const { sourceAddress: exporter, receivedAtMs } = context;
  walkSets(view, header, (set) => {
    const kind = templateSetKind(header.version, set.id);
    if (kind !== null) {
      for (const statement of readTemplateSet(view, header.version, set, kind).statements) {
        learnStatement(statement, header, context, templates, result);
      }
      return;
    }
    const { version: setVersion, observationDomain } = header;
    const plan = templates.get({ exporter, version: setVersion, observationDomain, templateId: set.id });
    if (!plan || plan.template.scopeFields === null) return;
    const { records } = readDataSet(bytes, set.start, set.end, plan, header, receivedAtMs);
    const systemInitMs = systemInitOf(records);
    if (systemInitMs !== null) {
      templates.setSystemInit({ exporter, observationDomain, systemInitMs, learnedAtMs: receivedAtMs });
    }
  });
  return result;
}

/** Puts one statement of a template set into the cache. Gives the reason when it was refused. */
export function learnStatement(
  statement: TemplateStatement,
  { version, observationDomain }: MessageHeader,
  { sourceAddress: exporter, receivedAtMs }: DatagramContext,
  templates: TemplateCache,
  result: Learned,
): string | null {
  if (statement.kind === 'withdrawal of all') {
    result.withdrawn += templates.withdrawAll(exporter, observationDomain, statement.options);
    return null;
  }
  const { templateId } = statement;
  if (statement.kind === 'withdrawal') {
    if (templates.withdraw({ exporter, version, observationDomain, templateId })) result.withdrawn += 1;
    return null;
  }
  const { scopeFields, fields } = statement;
  const template = { exporter, version, observationDomain, templateId, scopeFields, fields, learnedAtMs: receivedAtMs };
  const put = templates.put(template);
  if (put.outcome === 'refused') return `template ${templateId} is refused: ${put.reason}`;
  if (put.outcome !== 'same') result.learned.push(template);
  return null;
}
