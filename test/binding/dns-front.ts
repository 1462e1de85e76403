import { createSocket, type RemoteInfo, type Socket as Datagrams } from 'node:dgram';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** What a front does with questions: hands them on, late, never, or answers them itself with what is not so. */
export type Mood =
  | { kind: 'honest' }
  | { kind: 'slow'; ms: number }
  | { kind: 'silent' }
  | { kind: 'lying'; addresses?: string[]; marker?: string };

const types = { a: 1, txt: 16 };

/** Stands before a DNS server on 127.0.0.1: questions (UDP) and updates (TCP) go through it, in its mood. */
export class DnsFront {
  mood: Mood = { kind: 'honest' };
  port = 0;
  readonly #server: number;
  readonly #front: Datagrams = createSocket('udp4');
  readonly #open = new Set<Socket>();
  readonly #relays = new Set<Datagrams>();
  #tcp: Server | null = null;

  constructor(server: number) {
    this.#server = server;
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  async start(): Promise<void> {
    this.#front.on('message', (question, from) => this.#later(() => this.#answer(question, from)));
    await new Promise<void>((resolve) => this.#front.bind(0, '127.0.0.1', resolve));
    this.port = this.#front.address().port;
    this.#tcp = createServer((client) => {
      this.#later(() => {
        const server = this.#keep(connect(this.#server, '127.0.0.1'));
        client.pipe(server).pipe(client);
      });
      this.#keep(client);
    });
    const tcp = this.#tcp;
    await new Promise<void>((resolve, reject) => tcp.once('error', reject).listen(this.port, '127.0.0.1', resolve));
  }

  async stop(): Promise<void> {
    this.mood = { kind: 'silent' };
    for (const one of this.#open) one.destroy();
    for (const relay of this.#relays) relay.close();
    this.#relays.clear();
    this.#front.close();
    await new Promise<void>((resolve) => (this.#tcp ? this.#tcp.close(() => resolve()) : resolve()));
  }

  #keep(socket: Socket): Socket {
    this.#open.add(socket);
    return socket.on('error', () => {}).once('close', () => this.#open.delete(socket));
  }

  #later(act: () => void): void {
    const { mood } = this;
    if (mood.kind === 'silent') return;
    if (mood.kind === 'slow') setTimeout(act, mood.ms);
    else act();
  }

  #answer(question: Buffer, from: RemoteInfo): void {
    const lie = this.mood.kind === 'lying' ? lieFor(question, this.mood) : null;
    if (lie) this.#front.send(lie, from.port, from.address);
    else this.#relay(question, from);
  }

  #relay(question: Buffer, from: RemoteInfo): void {
    const relay = createSocket('udp4');
    this.#relays.add(relay);
    const end = () => {
      if (this.#relays.delete(relay)) relay.close();
    };
    relay.once('message', (answer) => {
      if (this.#relays.has(relay)) this.#front.send(answer, from.port, from.address);
      end();
    });
    relay.on('error', end);
    relay.send(question, this.#server, '127.0.0.1');
  }
}

/** An answer of RFC 1035 section 4.1 that is not so; null: about this it does not lie. */
function lieFor(question: Buffer, { addresses, marker }: { addresses?: string[]; marker?: string }): Buffer | null {
  let at = 12;
  while ((question[at] ?? 0) > 0) at += 1 + (question[at] ?? 0);
  const type = question.readUInt16BE(at + 1);
  const data =
    type === types.a && addresses
      ? addresses.map((address) => Buffer.from(address.split('.').map(Number)))
      : type === types.txt && marker !== undefined
        ? [Buffer.concat([Buffer.from([marker.length]), Buffer.from(marker)])]
        : null;
  if (!data) return null;
  const header = Buffer.from(question.subarray(0, 12));
  header.writeUInt16BE(0x8580, 2);
  header.writeUInt16BE(data.length, 6);
  header.fill(0, 8);
  const records = data.map((bytes) => {
    const fixed = Buffer.from([0xc0, 0x0c, 0, type, 0, 1, 0, 0, 0, 1, 0, 0]);
    fixed.writeUInt16BE(bytes.length, 10);
    return Buffer.concat([fixed, bytes]);
  });
  return Buffer.concat([header, question.subarray(12, at + 5), ...records]);
}
