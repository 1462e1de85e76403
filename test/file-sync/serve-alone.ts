// Serves files until it is killed: run by faults.spec.ts as a process of its own.
import { RsyncTransfer } from '@hotstandby/adapters/rsync';

const { address, dataDir, root, keysDir, sshPort } = JSON.parse(process.argv[2] ?? '{}') as Record<string, string>;
const quiet = { debug() {}, info() {}, warn() {}, error() {} };
await new RsyncTransfer({
  node: { address: String(address), dataDir: String(dataDir) },
  peer: { name: 'b', address: String(address) },
  root: String(root),
  incomingDir: '',
  keysDir: String(keysDir),
  sshPort: Number(sshPort),
  log: quiet,
}).serve((fault) => fault && console.error(fault));
setInterval(() => {}, 60_000);
