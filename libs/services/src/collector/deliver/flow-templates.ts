import { learnTemplates, TemplateCache, type PlainTemplate, type TemplateKey } from '@hotstandby/decoders';
import type { Datagram } from '@hotstandby/ports';

/** More changes than this between what is watched and what is delivered are taken over early. */
const mostAhead = 10_000;

/**
 * The templates that flows are decoded with. Two readers teach them: delivery, in its own order, and the watch, which
 * reads ahead (a standby delivers nothing at all; a replica's frames pass by other readers). What the watch learned
 * counts for flows received since, so that a backlog is decoded with the templates of its time; where nothing older is
 * known, also for flows from before.
 */
export class FlowTemplates {
  /** What delivery decodes with. */
  readonly known = new TemplateCache();
  readonly #watched = new TemplateCache();
  /** Learned by the watch, in its order, and not yet in `known`. */
  readonly #ahead: PlainTemplate[] = [];
  /** The same by key: a datagram may ask for thousands. */
  readonly #aheadOf = new Map<string, PlainTemplate[]>();
  #version = 0;

  /** Changes whenever something was learned. */
  version(): number {
    return this.#version;
  }

  /** A datagram that the watch saw. Returns what it taught. */
  watch(datagram: Datagram): PlainTemplate[] {
    const { learned } = learnTemplates(datagram.bytes, datagram, this.#watched);
    if (learned.length > 0) this.#version++;
    for (const template of learned) this.#putAhead(template, this.#ahead.length);
    this.#bound();
    return learned;
  }

  /** What another process knows: counts from when that learned it, unless the watch knows something newer. */
  share(template: PlainTemplate): void {
    const known = this.#watched.get(template)?.template;
    if (known && known.learnedAtMs >= template.learnedAtMs) return;
    const { outcome } = this.#watched.put(template);
    if (outcome === 'same' || outcome === 'refused') return;
    this.#version++;
    const place = this.#ahead.findLastIndex(({ learnedAtMs }) => learnedAtMs <= template.learnedAtMs) + 1;
    this.#putAhead(template, place);
    this.#bound();
  }

  /** Delivery learned something itself. */
  learned(): void {
    this.#version++;
  }

  /** Brings `known` to the time of what is decoded next. */
  advanceTo(receivedAtMs: number): void {
    for (;;) {
      const next = this.#ahead[0];
      if (!next || next.learnedAtMs > receivedAtMs) return;
      this.#takeOver(this.#nextAhead());
    }
  }

  /** For flows that came before their template: the earliest that the watch knows. True: it is in `known` now. */
  find(key: TemplateKey): boolean {
    if (this.known.get(key)) return true;
    const template = this.#aheadOf.get(nameOf(key))?.[0] ?? this.#watched.get(key)?.template;
    this.#takeOver(template);
    return template !== undefined;
  }

  #bound(): void {
    while (this.#ahead.length > mostAhead) this.#takeOver(this.#nextAhead());
  }

  #putAhead(template: PlainTemplate, place: number): void {
    this.#ahead.splice(place, 0, template);
    const name = nameOf(template);
    const same = this.#aheadOf.get(name);
    if (!same) this.#aheadOf.set(name, [template]);
    else same.splice(same.findLastIndex(({ learnedAtMs }) => learnedAtMs <= template.learnedAtMs) + 1, 0, template);
  }

  /** The earliest; it goes out. */
  #nextAhead(): PlainTemplate | undefined {
    const next = this.#ahead.shift();
    const same = next && this.#aheadOf.get(nameOf(next));
    if (next) same?.splice(same.indexOf(next), 1);
    if (next && same?.length === 0) this.#aheadOf.delete(nameOf(next));
    return next;
  }

  #takeOver(template: PlainTemplate | undefined): void {
    if (!template) return;
    const { exporter, observationDomain, learnedAtMs } = template;
    // Delivery has come to a newer one by itself.
    const newer = (this.known.get(template)?.template.learnedAtMs ?? -Infinity) > learnedAtMs;
    if (!newer) this.known.put(template);
    const systemInitMs = this.#watched.systemInitMs(exporter, observationDomain);
    if (systemInitMs !== null && this.known.systemInitMs(exporter, observationDomain) === null)
      this.known.setSystemInit({ exporter, observationDomain, systemInitMs, learnedAtMs });
  }
}

const nameOf = ({ exporter, version, observationDomain, templateId }: TemplateKey): string =>
  `${exporter} ${version} ${observationDomain} ${templateId}`;
