import { connect } from 'node:net';
import type { WorkloadCheck } from '@hotstandby/ports';
import { withinLimit } from './limit.ts';
import { told } from './looked.ts';

/** Somebody takes a connection on the port; it is closed again at once. */
export function tcpCheck({ host, port, timeoutMs }: { host: string; port: number; timeoutMs: number }): WorkloadCheck {
  let giveUp = () => {};
  return {
    look() {
      const limited = withinLimit(timeoutMs, (settle) => {
        const socket = connect({ host, port });
        socket.once('connect', () => settle({ well: true, what: `port ${port} answers` }));
        // Stays: an error that comes after the end is nobody's.
        socket.on('error', (error) => settle({ well: false, what: `port ${port}: ${told(error)}` }));
        return () => socket.destroy();
      });
      giveUp = limited.giveUp;
      return limited.done;
    },
    close: () => giveUp(),
  };
}
