import { connect, createServer, type Server, type Socket } from 'node:net';

/** One address in front of several servers, as a proxy that follows a failover gives it. */
export class SwitchedLine {
  readonly #server: Server;
  readonly #address: string;
  readonly #port: number;
  readonly #sockets = new Set<Socket>();
  #to: { address: string; port: number } | null = null;

  private constructor(server: Server, address: string, port: number) {
    this.#server = server;
    this.#address = address;
    this.#port = port;
    server.on('connection', (from) => this.#join(from));
  }

  static async open(address: string, port: number): Promise<SwitchedLine> {
    const server = createServer({ allowHalfOpen: false });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, address, resolve);
    });
    return new SwitchedLine(server, address, port);
  }

  /** The same URL, by way of this line. */
  through(url: string): string {
    const changed = new URL(url);
    changed.hostname = this.#address;
    changed.port = String(this.#port);
    return changed.href;
  }

  /** From now on, and for nobody who is connected. Null: nobody is let through. */
  leadTo(to: { address: string; port: number } | null): void {
    this.#to = to;
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.leadTo(null);
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #join(from: Socket): void {
    const to = this.#to;
    if (!to) return void from.destroy();
    const onwards = connect(to.port, to.address);
    for (const [one, other] of [
      [from, onwards],
      [onwards, from],
    ] as const) {
      this.#sockets.add(one);
      one.setNoDelay(true);
      one.pipe(other);
      one.on('error', () => {});
      one.once('close', () => {
        this.#sockets.delete(one);
        other.destroy();
      });
    }
  }
}
