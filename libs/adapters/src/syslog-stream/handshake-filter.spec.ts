import { describe, expect, it } from 'vitest';
import { handshakeFilter } from './handshake-filter.ts';

/** What the kernel does with a program (linux/filter.h, net/core/filter.c), as far as these go: how much of the packet passes. */
function run(program: Uint8Array, packet: { ip: Uint8Array; tcp: Uint8Array }): number {
  const view = new DataView(program.buffer);
  let accumulator = 0;
  for (let at = 0; at < program.length / 8; at++) {
    const [code, value] = [new Uint16Array(program.buffer)[4 * at], new Uint32Array(program.buffer)[2 * at + 1] ?? 0];
    const [bytes, from] = value >= 0xfff0_0000 ? [packet.ip, value - 0xfff0_0000] : [packet.tcp, value];
    if (code === 0x30) accumulator = bytes[from] ?? NaN;
    else if (code === 0x20) accumulator = Buffer.from(bytes).readUInt32BE(from);
    else if (code === 0x54) accumulator &= value;
    else if (code === 0x15) at += view.getUint8(8 * at + (accumulator === value ? 2 : 3));
    else if (code === 0x06) return value;
    else throw new Error(`no such instruction: ${code}`);
  }
  throw new Error('it has no end');
}

const flags = { syn: 0x02, synAck: 0x12, ack: 0x10, data: 0x18, fin: 0x11 };
const addresses4: Record<string, number[]> = {
  virtual: [192, 0, 2, 100],
  second: [192, 0, 2, 101],
  own: [192, 0, 2, 11],
};
const ipv6 = (last: number, third = 0) => [0x20, 0x01, 0x0d, 0xb8, 0, third, ...Array<number>(9).fill(0), last];

function passes(program: Uint8Array, to: number[], what: keyof typeof flags): boolean {
  const ip = Uint8Array.from(
    to.length === 4 ? [0x45, ...Array<number>(15).fill(7), ...to] : [0x60, ...Array<number>(23).fill(7), ...to],
  );
  const tcp = new Uint8Array(20);
  tcp[13] = flags[what];
  return run(program, { ip, tcp }) > 0;
}

describe('a filter of handshakes', () => {
  const program = handshakeFilter(['192.0.2.100', '2001:db8::64', '192.0.2.101', '2001:db8:0:0:0::65']);
  it.each([
    [addresses4['virtual'], false],
    [addresses4['second'], false],
    [addresses4['own'], true],
    [ipv6(0x64), false],
    [ipv6(0x65), false],
    [ipv6(0x66), true],
    [ipv6(0x64, 1), true],
  ])('to %j: %s', (to = [], isAnswered) => {
    expect(passes(program, to, 'syn')).toBe(isAnswered);
    for (const what of ['ack', 'data', 'fin', 'synAck'] as const) expect(passes(program, to, what), what).toBe(true);
  });

  it('answers nobody where all addresses are meant, and everybody where none is', () => {
    for (const to of [addresses4['own'] ?? [], ipv6(1)]) {
      expect(passes(handshakeFilter(null), to, 'syn')).toBe(false);
      expect(passes(handshakeFilter(null), to, 'data')).toBe(true);
      expect(passes(handshakeFilter([]), to, 'syn')).toBe(true);
    }
  });
});
