import { Socket } from 'node:net';

/** Nothing secret was sent: the server, or somebody in between, offers no TLS. */
export class NoTlsError extends Error {
  constructor() {
    super('the server offers no TLS (its PRELOGIN answer says so): the login was not sent');
    this.name = 'NoTlsError';
  }
}

const preloginPacket = 0x12;
const packetHeadBytes = 8;
const isTlsRecord = (type: number) => type >= 0x14 && type <= 0x17;

/**
 * A socket that a login cannot leave in clear text, whatever the driver makes of the server's answer: it lets out
 * PRELOGIN packets (the TLS handshake travels in them) and TLS records, and breaks the connection at anything else. The
 * driver itself, told to encrypt, sends LOGIN7 with the password in plain sight when the PRELOGIN answer says that the server
 * cannot encrypt.
 */
export class GuardedSocket extends Socket {
  #encrypted = false;
  /** Bytes of the present packet that are still to come. */
  #restBytes = 0;
  #head = Buffer.alloc(0);

  override _write(chunk: Buffer, encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    if (this.#passes(chunk)) super._write(chunk, encoding, done);
    else done(new NoTlsError());
  }

  override _writev(chunks: { chunk: Buffer; encoding: BufferEncoding }[], done: (error?: Error | null) => void): void {
    if (chunks.every(({ chunk }) => this.#passes(chunk))) super._writev?.(chunks, done);
    else done(new NoTlsError());
  }

  #passes(chunk: Buffer | string): boolean {
    // The driver writes buffers only; a text would not be looked at byte by byte.
    if (typeof chunk === 'string') return false;
    let at = 0;
    while (!this.#encrypted && at < chunk.length) {
      if (this.#restBytes > 0) {
        const taken = Math.min(this.#restBytes, chunk.length - at);
        this.#restBytes -= taken;
        at += taken;
        continue;
      }
      const type = this.#head[0] ?? chunk[at] ?? 0;
      if (this.#head.length === 0 && isTlsRecord(type)) this.#encrypted = true;
      else if (type !== preloginPacket) return false;
      else {
        const taken = chunk.subarray(at, at + packetHeadBytes - this.#head.length);
        this.#head = Buffer.concat([this.#head, taken]);
        at += taken.length;
        if (this.#head.length === packetHeadBytes) {
          const lengthBytes = this.#head.readUInt16BE(2);
          if (lengthBytes < packetHeadBytes) return false;
          this.#restBytes = lengthBytes - packetHeadBytes;
          this.#head = Buffer.alloc(0);
        }
      }
    }
    return true;
  }
}
