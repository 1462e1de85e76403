import type { ExtraColumn } from '@hotstandby/decoders';

const none = Buffer.from([0xff, 0xff, 0xff, 0xff]);
const jsonbVersion = 1;

/** The column `extra` of flows of one template as fields of tuples. What flows have there is often alike in many of them. */
export class ExtraFields {
  readonly #names: readonly ExtraColumn[];
  readonly #values: readonly Uint32Array[];
  readonly #last: Uint32Array;
  #field: Uint8Array = none;
  #isFirst = true;

  constructor(names: readonly ExtraColumn[], values: readonly Uint32Array[]) {
    this.#names = names;
    this.#values = values.slice(0, names.length);
    this.#last = new Uint32Array(names.length);
  }

  /** Good until the next one. */
  at(row: number): Uint8Array {
    let isAlike = !this.#isFirst;
    for (let slot = 0; slot < this.#last.length; slot += 1) {
      const value = this.#values[slot]?.[row] ?? 0;
      if (this.#last[slot] === value) continue;
      this.#last[slot] = value;
      isAlike = false;
    }
    if (!isAlike && this.#last.length > 0) this.#field = this.#make();
    this.#isFirst = false;
    return this.#field;
  }

  #make(): Uint8Array {
    // Names are those of IANA's registry and need no escapes.
    let json = '';
    for (const [slot, { name, kind }] of this.#names.entries()) {
      const value = this.#last[slot] ?? 0;
      json += `${slot === 0 ? '{' : ','}"${name}":${kind === 'ipv4' ? ipv4Json(value) : value}`;
    }
    const field = Buffer.allocUnsafe(json.length + 6);
    field.writeInt32BE(json.length + 2, 0);
    field[4] = jsonbVersion;
    field.write(`${json}}`, 5, 'latin1');
    return field;
  }
}

const ipv4Json = (bits: number): string =>
  `"${bits >>> 24}.${(bits >>> 16) & 255}.${(bits >>> 8) & 255}.${bits & 255}"`;
