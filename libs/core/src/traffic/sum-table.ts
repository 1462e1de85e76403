const emptyRow = -1;

/**
 * Sums by a key of four 32-bit words: open addressing over typed arrays, because a Map with keys made of text costs ten
 * times as much per flow. Rows are numbered in the order of their first flow.
 */
export class SumTable {
  #slots: Int32Array;
  #keys: Uint32Array;
  #sums: Float64Array;
  #size = 0;

  constructor(expected = 1024) {
    const rows = 2 ** Math.ceil(Math.log2(Math.max(16, expected)));
    this.#slots = new Int32Array(rows * 2).fill(emptyRow);
    this.#keys = new Uint32Array(rows * 4);
    this.#sums = new Float64Array(rows * 3);
  }

  get size(): number {
    return this.#size;
  }

  add(a: number, b: number, c: number, d: number, flows: number, packets: number, octets: number): void {
    const at = this.#rowOf(a, b, c, d) * 3;
    const sums = this.#sums;
    sums[at] = (sums[at] ?? 0) + flows;
    sums[at + 1] = (sums[at + 1] ?? 0) + packets;
    sums[at + 2] = (sums[at + 2] ?? 0) + octets;
  }

  /** Word 0 to 3 of a row's key. */
  key(row: number, word: number): number {
    return this.#keys[row * 4 + word] ?? 0;
  }

  /** 0: flows, 1: packets, 2: octets. */
  sum(row: number, which: 0 | 1 | 2): number {
    return this.#sums[row * 3 + which] ?? 0;
  }

  #rowOf(a: number, b: number, c: number, d: number): number {
    const slots = this.#slots;
    const keys = this.#keys;
    const mask = slots.length - 1;
    for (let slot = hash(a, b, c, d) & mask; ; slot = (slot + 1) & mask) {
      const row = slots[slot] ?? emptyRow;
      if (row === emptyRow) return this.#insert(slot, a, b, c, d);
      const at = row * 4;
      if (keys[at] === a && keys[at + 1] === b && keys[at + 2] === c && keys[at + 3] === d) return row;
    }
  }

  #insert(slot: number, a: number, b: number, c: number, d: number): number {
    if (this.#size * 4 === this.#keys.length) {
      this.#grow();
      return this.#rowOf(a, b, c, d);
    }
    const row = this.#size++;
    this.#slots[slot] = row;
    this.#keys[row * 4] = a;
    this.#keys[row * 4 + 1] = b;
    this.#keys[row * 4 + 2] = c;
    this.#keys[row * 4 + 3] = d;
    return row;
  }

  #grow(): void {
    const keys = new Uint32Array(this.#keys.length * 2);
    keys.set(this.#keys);
    const sums = new Float64Array(this.#sums.length * 2);
    sums.set(this.#sums);
    [this.#keys, this.#sums] = [keys, sums];
    const slots = new Int32Array(this.#slots.length * 2).fill(emptyRow);
    const mask = slots.length - 1;
    for (let row = 0; row < this.#size; row++) {
      let slot = hash(this.key(row, 0), this.key(row, 1), this.key(row, 2), this.key(row, 3)) & mask;
      while (slots[slot] !== emptyRow) slot = (slot + 1) & mask;
      slots[slot] = row;
    }
    this.#slots = slots;
  }
}

/** The mixing of MurmurHash3. A sender who makes keys collide slows down its own minute only as far as a window is long. */
function hash(a: number, b: number, c: number, d: number): number {
  let h = step(step(step(step(0x9747b28c, a), b), c), d);
  h ^= h >>> 16;
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return h ^ (h >>> 16);
}

function step(h: number, word: number): number {
  const k = Math.imul(word, 0xcc9e2d51);
  const mixed = h ^ Math.imul((k << 15) | (k >>> 17), 0x1b873593);
  return (Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe6546b64) | 0;
}
