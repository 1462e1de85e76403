import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** Between a client and a server that a test may not stop: it can hold bytes back, cut, and refuse. */
export interface TcpProxy {
  port: number;
  /** Connections stay open, nothing goes on, until `thaw`; new ones are taken and hang, too. */
  freeze(): void;
  thaw(): void;
  /** Only what is connected now hangs; new connections are served. What it has sent comes when it goes on, also after its end. */
  stallPresent(): { goOn(): void };
  cutAll(): void;
  /** New connections are refused, present ones are cut. */
  refuse(refusing: boolean): Promise<void>;
  close(): Promise<void>;
}

export async function startTcpProxy(target: { host: string; port: number }): Promise<TcpProxy> {
  const pairs = new Set<{ near: Socket; far: Socket; held: (() => void)[] | null }>();
  let frozen = false;
  const server = createServer((near) => {
    const far = connect(target);
    const pair = { near, far, held: frozen ? ([] as (() => void)[]) : null };
    pairs.add(pair);
    const through = (act: () => void) => (pair.held ? void pair.held.push(act) : act());
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      from.on('error', () => {});
      from.on('data', (chunk: Buffer) => through(() => to.write(chunk)));
      from.on('close', () => through(() => to.end()));
    }
    far.on('close', () => pairs.delete(pair));
  });
  const listen = (port: number) => new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  await listen(0);
  const { port } = server.address() as AddressInfo;
  const hold = () => {
    for (const pair of pairs) pair.held ??= [];
  };
  const letGo = (which: Iterable<{ held: (() => void)[] | null }>) => {
    for (const pair of which) {
      const held = pair.held ?? [];
      pair.held = null;
      for (const act of held) act();
    }
  };
  const cutAll = () => {
    for (const { near, far } of pairs) {
      near.destroy();
      far.destroy();
    }
    pairs.clear();
  };
  return {
    port,
    freeze() {
      frozen = true;
      hold();
    },
    thaw() {
      frozen = false;
      letGo(pairs);
    },
    stallPresent() {
      hold();
      const present = [...pairs];
      return { goOn: () => letGo(present) };
    },
    cutAll,
    async refuse(refusing) {
      if (!refusing) return listen(port);
      const closed = new Promise((resolve) => server.close(resolve));
      cutAll();
      await closed;
    },
    async close() {
      const closed = server.listening ? new Promise((resolve) => server.close(resolve)) : null;
      cutAll();
      await closed;
    },
  };
}
