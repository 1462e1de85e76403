import type { Connection } from 'tedious';

/** What this needs of the driver's insides (tedious 19.2.2). */
interface Insides {
  createTokenStreamParser?: (...given: unknown[]) => {
    parser?: { on(event: 'error', hear: (error: Error) => void): void };
  };
}

/**
 * The driver listens to no error of its parser: an answer with bytes that mean nothing would be an error that nobody caught, and
 * end the process. Here it ends the connection, which whoever waits is told. A driver that is made otherwise is left as it is.
 */
export function hearParserErrors(connection: Connection, end: (error: Error) => void): void {
  const insides = connection as unknown as Insides;
  const make = insides.createTokenStreamParser?.bind(connection);
  if (!make) return;
  insides.createTokenStreamParser = (...given) => {
    const made = make(...given);
    made.parser?.on('error', end);
    return made;
  };
}
