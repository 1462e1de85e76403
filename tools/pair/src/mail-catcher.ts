import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { SMTPServer } from 'smtp-server';

export interface MailCatcherOptions {
  address: string;
  port: number;
  /** Each mail becomes a file `.eml` in it. */
  folder: string;
}

const largestMailBytes = 10 * 2 ** 20;

/** An SMTP server that delivers nothing: whoever looks into the folder sees what was sent. Runs until a signal. */
export async function catchMails({ address, port, folder }: MailCatcherOptions): Promise<void> {
  mkdirSync(folder, { recursive: true });
  let caught = 0;
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['AUTH', 'STARTTLS'],
    disableReverseLookup: true,
    size: largestMailBytes,
    onData(stream, _session, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const time = new Date().toISOString().replaceAll(':', '-');
        const file = path.join(folder, `${time}-${++caught}.eml`);
        // Renamed when it is whole: nobody reads half a mail.
        writeFileSync(`${file}.new`, Buffer.concat(chunks));
        renameSync(`${file}.new`, file);
        done();
      });
    },
  });
  server.on('error', (error) => {
    console.error(error.message);
    process.exitCode = 1;
    if ('code' in error && error.code === 'EADDRINUSE') process.exit(1);
  });
  server.listen(port, address, () => console.log(`SMTP on ${address}:${port}, mails in ${folder}`));
  const stop = () => server.close(() => process.exit(0));
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  await new Promise(() => {});
}
