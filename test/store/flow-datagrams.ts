import { decodeFlows, TemplateCache, type DatagramContext } from '@hotstandby/decoders';

const u16 = (...values: number[]) => values.flatMap((value) => [(value >>> 8) & 255, value & 255]);
const u32 = (...values: number[]) => values.flatMap((value) => [...u16(value >>> 16), ...u16(value & 0xffff)]);
const set = (id: number, content: number[]) => [...u16(id, content.length + 4), ...content];

/** Three flows from 10.0.0.0 to 10.0.0.2, with so many packets and one more each. */
export function netflow5(packets: number): Uint8Array {
  const flows = [0, 1, 2].flatMap((index) => [
    ...u32(0x0a00_0000 + index, 0xc633_6402, 0),
    ...u16(1, 2),
    ...u32(packets + index, 1400, 590_000, 599_000),
    ...u16(50_000 + index, 443),
    ...[0, 0x1b, 6, 8],
    ...u16(0, 0),
    ...[24, 16, 0, 0],
  ]);
  return Uint8Array.from([...u16(5, 3), ...u32(600_000, 1_700_000_000, 0, 1), ...u16(0, 0), ...flows]);
}

/** Element and length: those that columns take, in lengths that they take. */
const fields = [
  [8, 4], [12, 4], [15, 4], [10, 2], [14, 4], [2, 8], [1, 4], [22, 4], [153, 8], [150, 4], [7, 2], [11, 2], [6, 1], [4, 1], [5, 1],
  [16, 4], [17, 2], [9, 1], [13, 4], [136, 1], [58, 2], [61, 1], [89, 1], [32, 2],
] as const; // prettier-ignore

/** Datagrams of version 5, 9 and 10 with templates that are known, and octets that are mostly small numbers. */
export function* randomFlows(
  seed: number,
  datagrams: number,
): Generator<{ datagram: Uint8Array; context: DatagramContext; templates: TemplateCache }> {
  let state = seed >>> 0;
  /** Below `most`. */
  const random = (most: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * most);
  };
  for (let number = 0; number < datagrams; number += 1) {
    const sourceAddress = ['192.0.2.9', '2001:db8::9', 'fe80::1%eth0'][random(8)] ?? '192.0.2.10';
    const context = { sourceAddress, receivedAtMs: 1_700_000_000_000 + random(1000) * 100 };
    const templates = new TemplateCache();
    const octet = (index: number) => (index % 4 > 1 || random(16) === 0 ? random(256) : 0);
    const version = ([5, 9, 10] as const)[random(3)] ?? 5;
    if (version === 5) {
      const flows = 1 + random(120);
      const words = Array.from({ length: flows * 12 }, () => (random(4) === 0 ? random(2 ** 32) : random(600_000)));
      const head = [...u16(5, flows), ...u32(600_000, 1_700_000_000, 0, 1), ...u16(258, random(3) === 0 ? 0x4064 : 0)];
      yield { datagram: Uint8Array.from([...head, ...u32(...words)]), context, templates };
      continue;
    }
    const chosen = fields.filter(([element]) => element === 1 || random(2) === 0);
    const template = [...u16(256, chosen.length), ...chosen.flatMap((one) => u16(...one))];
    const recordBytes = chosen.reduce((sum, [, length]) => sum + length, 0);
    const flows = 1 + random(80);
    const content = Array.from({ length: flows * recordBytes }, (_, index) => octet(index));
    const message = (sets: number[]) =>
      Uint8Array.from(
        version === 9
          ? [...u16(9, 1), ...u32(600_000, 1_700_000_000, 1, 7), ...sets]
          : [...u16(10, 16 + sets.length), ...u32(1_700_000_000, 1, 7), ...sets],
      );
    decodeFlows(message(set(version === 9 ? 0 : 2, template)), context, templates);
    yield { datagram: message(set(256, content)), context, templates };
  }
}
