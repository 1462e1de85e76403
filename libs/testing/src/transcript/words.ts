import type { Reign } from '@hotstandby/ports';

/** Short and stable names for what has random ids: nodes `a`, their incarnations `a/1`, `a/2` as they appear. */
export class Words {
  readonly #incarnations = new Map<string, string>();

  node(nodeId: string | null): string {
    return nodeId === null ? 'nobody' : nodeId.replace(/^id-/, '');
  }

  incarnation(id: string): string {
    const known = this.#incarnations.get(id);
    if (known) return known;
    const node = id.split('-')[0] ?? '?';
    const earlier = [...this.#incarnations.values()].filter((name) => name.startsWith(`${node}/`)).length;
    const name = `${node}/${earlier + 1}`;
    this.#incarnations.set(id, name);
    return name;
  }

  /** Who holds the lease, as a row of the store says it. */
  reign({ epoch, holder, holderIncarnation, standby, standbyIncarnation, handoverTo, lastHolder }: Reign): string {
    const place = standby
      ? `standby ${this.node(standby)}${standbyIncarnation ? ` as ${this.incarnation(standbyIncarnation)}` : ''}`
      : 'no standby';
    if (holder !== null) {
      return `epoch ${epoch} is held by ${this.node(holder)} as ${this.incarnation(holderIncarnation ?? '?')}, ${place}`;
    }
    if (lastHolder === null) return 'nobody ever held the lease';
    return `epoch ${epoch} is released${handoverTo ? ` to ${this.node(handoverTo)}` : ''}, ${place}`;
  }

  /** Data of an event or evidence: `silentMs 166, lastCount 14`. */
  data(data: unknown): string {
    if (typeof data !== 'object' || data === null) return String(data);
    const entries = Object.entries(data).filter(([, value]) => value !== null);
    return entries
      .filter(([key, value]) => key !== 'name' || !entries.some(([, other]) => other === `id-${value}`))
      .map(([key, value]) => `${key} ${this.value(value)}`)
      .join(', ');
  }

  value(value: unknown): string {
    if (typeof value === 'number') return String(Math.round(value * 10) / 10);
    return this.plain(typeof value === 'string' ? value : (JSON.stringify(value) ?? ''));
  }

  /** Text with every id that is in it replaced. */
  plain(text: string): string {
    let plain = text.replaceAll(/\bid-([a-z])\b/g, '$1');
    for (const [id, name] of this.#incarnations) plain = plain.replaceAll(new RegExp(`\\b${id}\\b`, 'g'), name);
    return plain;
  }
}
