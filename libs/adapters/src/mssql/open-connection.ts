import type { Socket } from 'node:net';
import { StoreError } from '@hotstandby/ports';
import { Connection } from 'tedious';
import { clientSettings } from './client-settings.ts';
import { connectFault, type ServerMessage } from './faults.ts';
import { hearParserErrors } from './parser-errors.ts';
import { addressOf, connectTimeoutMsOf, type MssqlOptions } from './options.ts';

export interface OpenConnection {
  connection: Connection;
  socket: Socket;
}

/** A connection that is logged in; `end` gives it up on the way. Throws `StoreError`, never `unknown`; leaves no socket behind. */
export async function openConnection(options: MssqlOptions, end: AbortSignal): Promise<OpenConnection> {
  const withinMs = connectTimeoutMsOf(options);
  let socket: Socket | null = null;
  const settings = await clientSettings(options, (made) => (socket = made));
  const connection = new Connection(settings);
  hearParserErrors(connection, (error) => socket?.destroy(error));
  // At the login the driver keeps only the words of an error, not its number.
  const told: ServerMessage[] = [];
  connection.on('errorMessage', (message: ServerMessage) => told.push(message));
  let timer: NodeJS.Timeout | undefined;
  let giveUp = () => {};
  try {
    await new Promise<void>((resolve, reject) => {
      giveUp = () => reject(new StoreError('unreachable', 'the connection is closed'));
      if (end.aborted) return giveUp();
      end.addEventListener('abort', giveUp);
      // Also an error that comes later ends here: an idle connection that breaks is noticed by the next call.
      connection.on('error', reject);
      connection.once('end', () => reject(new Error('the server ended the connection')));
      timer = setTimeout(() => reject(new StoreError('unreachable', `no connection within ${withinMs} ms`)), withinMs);
      connection.connect((error) => (error ? reject(error) : resolve()));
    });
    if (!socket) throw new Error('the driver made no connection');
    return { connection, socket };
  } catch (error) {
    connection.close();
    // With an error, or the driver goes on waiting for the answer until its own time is up.
    (socket as Socket | null)?.destroy(new Error('given up'));
    throw withHint(connectFault(error, told), options);
  } finally {
    clearTimeout(timer);
    end.removeEventListener('abort', giveUp);
  }
}

/** A server that is older than TDS 8 closes the connection at the first byte of TLS without a word. */
function withHint(fault: StoreError, options: MssqlOptions): StoreError {
  if (fault.fault !== 'unreachable' || addressOf(options).options['encrypt'] !== 'strict') return fault;
  return new StoreError('unreachable', `${fault.message} (encrypt=strict needs SQL Server 2022 or later)`, {
    cause: fault,
  });
}
