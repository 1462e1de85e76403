import { Writable } from 'node:stream';
import type { Connection } from 'pg';
import { expect, it, vi } from 'vitest';
import { CopyIn } from './copy-in.ts';

/** A connection whose other end reads only when it is told to. */
function slowConnection() {
  const sent: Buffer[] = [];
  let goOn: () => void = () => {};
  const stream = new Writable({
    highWaterMark: 16 * 1024,
    write(chunk: Buffer, _, done) {
      sent.push(chunk);
      goOn = done;
    },
  });
  const failed = vi.fn();
  const asked = vi.fn();
  const connection = { stream, query: asked, sendCopyFail: failed } as unknown as Connection & { sendCopyFail(): void };
  const read = async () => {
    for (let before = -1; before !== sent.length;) {
      before = sent.length;
      goOn();
      await new Promise((resolve) => setImmediate(resolve));
    }
    return Buffer.concat(sent);
  };
  return { connection, asked, failed, read };
}

const settle = () => ({ resolve: vi.fn(), reject: vi.fn() });
const head = (bytes: number) => Buffer.from([0x64, 0, 0, bytes >> 8, (bytes & 255) + 4]);
const done = Buffer.from([0x63, 0, 0, 0, 4]);

it('frames each chunk and ends the copy', async () => {
  const { connection, asked, read } = slowConnection();
  const settled = settle();
  const copy = new CopyIn('copy t from stdin', [Buffer.from('one'), Buffer.from('three')], settled);
  copy.submit(connection);
  expect(asked).toHaveBeenCalledWith('copy t from stdin');
  copy.handleCopyInResponse(connection);
  expect(await read()).toEqual(Buffer.concat([head(3), Buffer.from('one'), head(5), Buffer.from('three'), done]));
  expect(settled.resolve).not.toHaveBeenCalled();
  copy.handleReadyForQuery();
  expect(settled.resolve).toHaveBeenCalledOnce();
});

it('makes no more chunks than the connection takes, and goes on when it has taken them', async () => {
  const { connection, read } = slowConnection();
  const chunk = Buffer.alloc(100_000);
  let made = 0;
  const chunks = function* () {
    for (; made < 50; made++) yield chunk;
  };
  const copy = new CopyIn('copy t from stdin', chunks(), settle());
  copy.handleCopyInResponse(connection);
  expect(made).toBeLessThan(15);
  expect((await read()).length).toBe(50 * (chunk.length + 5) + done.length);
});

it('tells the server of a chunk that could not be made, and fails with what went wrong', () => {
  const { connection, failed } = slowConnection();
  const settled = settle();
  const broken = new RangeError('no such row');
  const chunks = function* (): Generator<Buffer> {
    yield Buffer.from('one');
    throw broken;
  };
  const copy = new CopyIn('copy t from stdin', chunks(), settled);
  copy.handleCopyInResponse(connection);
  expect(failed).toHaveBeenCalledWith('no such row');
  copy.handleError(new Error('COPY from stdin failed: no such row'));
  expect(settled.reject).toHaveBeenCalledWith(broken);
});

it('sends nothing more after an answer that the server gave early', async () => {
  const { connection, read } = slowConnection();
  const settled = settle();
  const endless = function* () {
    for (;;) yield Buffer.alloc(100_000);
  };
  const copy = new CopyIn('copy t from stdin', endless(), settled);
  copy.handleCopyInResponse(connection);
  const refused = new Error('invalid byte sequence');
  copy.handleError(refused);
  expect(settled.reject).toHaveBeenCalledWith(refused);
  expect((await read()).length).toBeLessThan(2_000_000);
});
