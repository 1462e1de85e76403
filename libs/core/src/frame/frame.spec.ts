import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeFrame, encodeFrame, FrameBuilder, kindOfFrame, sieveFrame } from './index.ts';
import type { FramedDatagram } from './index.ts';

const hello: FramedDatagram = {
  kind: 'syslog',
  sourceAddress: '192.0.2.7',
  sourcePort: 40_001,
  localPort: 5514,
  receivedAtMs: 1_790_000_000_123,
  bytes: new TextEncoder().encode('<13>hello'),
};

const datagrams = fc.array(
  fc.record({
    kind: fc.constantFrom('syslog' as const, 'trap' as const, 'flow' as const),
    sourceAddress: fc.oneof(fc.ipV4(), fc.ipV6(), fc.constant('fe80::1%eth0')),
    sourcePort: fc.integer({ min: 0, max: 65_535 }),
    localPort: fc.integer({ min: 0, max: 65_535 }),
    receivedAtMs: fc.oneof(fc.nat(), fc.double({ noNaN: true })),
    bytes: fc.uint8Array({ maxLength: 300 }),
  }),
  { maxLength: 20 },
);

describe('frame', () => {
  test('has the documented layout', () => {
    const hex = Buffer.from(
      encodeFrame([{ ...hello, sourceAddress: '::1', bytes: Uint8Array.of(0xaa, 0xbb) }]),
    ).toString('hex');
    expect(hex).toBe(
      [
        'd6010000',
        '00000001',
        '0017',
        '01',
        '03',
        '9c41',
        '158a',
        '427a0c4506c7b000',
        '00000002',
        '3a3a31',
        'aabb',
      ].join(''),
    );
  });

  test('gives back what went in', () => {
    fc.assert(
      fc.property(datagrams, (list) => {
        const { datagrams: read, fault } = decodeFrame(encodeFrame(list));
        expect(fault).toBeNull();
        expect(read).toEqual(list);
      }),
    );
  });

  test('the builder loses nothing and keeps to its bound', () => {
    fc.assert(
      fc.property(datagrams, fc.integer({ min: 8, max: 700 }), (list, targetBytes) => {
        const builder = new FrameBuilder(targetBytes);
        const frames: Uint8Array[] = [];
        for (const datagram of list) {
          const full = builder.add(datagram);
          if (full) frames.push(full);
        }
        const rest = builder.take();
        if (rest) frames.push(rest);
        expect(builder.take()).toBeNull();
        const read = frames.map((frame) => decodeFrame(frame));
        expect(read.flatMap((frame) => frame.datagrams)).toEqual(list);
        expect(frames.map(kindOfFrame)).toEqual(read.map((frame) => frame.datagrams[0]?.kind ?? null));
        for (const [index, frame] of read.entries()) {
          expect(frame.fault).toBeNull();
          if (frame.datagrams.length > 1) expect(frames[index]?.length).toBeLessThanOrEqual(targetBytes);
        }
      }),
    );
  });

  test('copies: the caller may overwrite its buffer', () => {
    const buffer = Uint8Array.of(1, 2, 3);
    const builder = new FrameBuilder();
    builder.add({ ...hello, bytes: buffer });
    buffer.fill(0);
    expect(decodeFrame(builder.take() ?? new Uint8Array()).datagrams[0]?.bytes).toEqual(Uint8Array.of(1, 2, 3));
  });

  test('skips header fields of a later writer', () => {
    const frame = encodeFrame([hello]);
    const longer = new Uint8Array(frame.length + 5);
    const payload = 8 + 20 + hello.sourceAddress.length;
    longer.set(frame.subarray(0, payload));
    longer.set(frame.subarray(payload), payload + 5);
    new DataView(longer.buffer).setUint16(8, 20 + hello.sourceAddress.length + 5);
    expect(decodeFrame(longer)).toEqual({ datagrams: [hello], fault: null });
  });

  test('a cut frame is a fault at every byte and keeps the whole datagrams before it', () => {
    const frame = encodeFrame([hello, hello]);
    for (let length = 0; length < frame.length; length += 1) {
      const { datagrams: read, fault } = decodeFrame(frame.subarray(0, length));
      expect(fault, `cut to ${length}`).not.toBeNull();
      expect(read).toEqual(length < 8 + (frame.length - 8) / 2 ? [] : [hello]);
    }
  });

  test('a sieve asks for every datagram by its sender, and leaves out those that it refuses', () => {
    fc.assert(
      fc.property(datagrams, fc.infiniteStream(fc.boolean()), (list, answers) => {
        const asked: [string, number][] = [];
        const kept: FramedDatagram[] = [];
        const frame = encodeFrame(list);
        const sieved = sieveFrame(frame, (address, bytes) => {
          const keep = answers.next().value === true;
          const datagram = list[asked.length];
          if (keep && datagram) kept.push(datagram);
          asked.push([address, bytes]);
          return keep;
        });
        expect(asked).toEqual(list.map(({ sourceAddress, bytes }) => [sourceAddress, bytes.length]));
        expect([sieved.kept, sieved.refused]).toEqual([kept.length, list.length - kept.length]);
        if (kept.length === list.length) expect(sieved.bytes).toBe(frame);
        else if (kept.length === 0) expect(sieved.bytes).toBeNull();
        else expect(decodeFrame(sieved.bytes ?? new Uint8Array())).toEqual({ datagrams: kept, fault: null });
      }),
    );
  });

  test.each([
    ['magic', 0, 0xd7, /magic/],
    ['version', 1, 2, /version 2/],
    ['kind', 10, 9, /kind 9/],
    ['header length', 9, 3, /header too short/],
    ['count', 7, 0, /behind the last/],
  ])('a wrong %s is a fault', (_name, offset, value, expected) => {
    const frame = encodeFrame([hello]);
    frame[offset] = value;
    expect(decodeFrame(frame).fault).toMatch(expected);
  });

  test('never throws and never makes up datagrams, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.boolean(), (bytes, signed) => {
        if (signed && bytes.length > 1) bytes.set([0xd6, 1]);
        const { datagrams: read } = decodeFrame(bytes);
        expect(read.length * 20).toBeLessThanOrEqual(bytes.length);
        if (read[0]) expect(kindOfFrame(bytes)).toBe(read[0].kind);
      }),
      { numRuns: 1000 },
    );
  });
});
