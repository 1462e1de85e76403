import type { TemplateKey } from '@hotstandby/decoders';

/** So many templates of one exporter are waited for, or were, in vain; devices have a few dozen. */
const mostOfExporter = 64;
/** Then it is asked anew: the device may have been replaced. */
const forgetAfterMs = 1_800_000;
const mostExporters = 10_000;

interface Unknown {
  sinceMs: number;
  /** Template to whether it was waited for long enough already. */
  templates: Map<string, 'waited for' | 'given up'>;
}

/**
 * The templates that flows came for and that nobody sent yet. A message of INGEST waits for them, with whatever else is in it, so
 * each is waited for once only, and an exporter that makes up one after the other holds up the others' flows no further than
 * `mostOfExporter` of them do.
 */
export class UnknownTemplates {
  readonly #exporters = new Map<string, Unknown>();

  came(key: TemplateKey): void {
    const unknown = this.#exporters.get(key.exporter);
    unknown?.templates.delete(nameOf(key));
    if (unknown?.templates.size === 0) this.#exporters.delete(key.exporter);
  }

  /** `final`: the waiting is over. */
  waitsFor(key: TemplateKey, receivedAtMs: number, final: boolean): boolean {
    const { templates } = this.#of(key.exporter, receivedAtMs);
    const name = nameOf(key);
    const state = templates.get(name);
    const waits = !final && state !== 'given up' && (state !== undefined || templates.size < mostOfExporter);
    if (state !== undefined || templates.size < mostOfExporter) templates.set(name, waits ? 'waited for' : 'given up');
    return waits;
  }

  #of(exporter: string, nowMs: number): Unknown {
    const known = this.#exporters.get(exporter);
    if (known && (known.templates.size < mostOfExporter || nowMs - known.sinceMs < forgetAfterMs)) return known;
    if (!known && this.#exporters.size >= mostExporters) this.#exporters.clear();
    const fresh: Unknown = { sinceMs: nowMs, templates: new Map() };
    this.#exporters.set(exporter, fresh);
    return fresh;
  }
}

const nameOf = ({ version, observationDomain, templateId }: TemplateKey): string =>
  `${version} ${observationDomain} ${templateId}`;
