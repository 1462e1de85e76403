// A real SMTP server on a port of its own, with answers that a test decides.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SMTPServer } from 'smtp-server';

export interface Caught {
  from: string;
  to: string[];
  messageId: string;
  subject: string;
  body: string;
  tls: boolean;
  user: string | undefined;
}

export interface CatcherOptions {
  port?: number;
  tls?: 'none' | 'starttls' | 'implicit';
  user?: string;
  password?: string;
  /** SMTP reply code for a recipient; 0: taken. */
  recipient?: (address: string) => number;
  sender?: (address: string) => number;
  data?: () => number;
  /** Called when a mail is in, before the client is told so. */
  beforeReply?: () => Promise<void>;
}

const refusal = (code: number) =>
  code === 0 ? null : Object.assign(new Error(`refused with ${code}`), { responseCode: code });

/** A certificate for localhost made for this run, and its own CA. */
export function makeCertificate(): { folder: string; key: string; cert: string; caFile: string; remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'hotstandby-smtp-'));
  const [keyFile, caFile] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const name = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  execFileSync('openssl', ['req', ...kind, ...name, '-keyout', keyFile, '-out', caFile], { stdio: 'pipe' });
  const remove = () => rmSync(folder, { recursive: true, force: true });
  return { folder, key: readFileSync(keyFile, 'utf8'), cert: readFileSync(caFile, 'utf8'), caFile, remove };
}

export function secretFile(folder: string, text: string): string {
  const path = join(folder, `secret-${Math.random().toString(36).slice(2)}`);
  writeFileSync(path, text, { mode: 0o600 });
  return path;
}

export class Catcher {
  readonly mails: Caught[] = [];
  readonly port: number;
  readonly #server: SMTPServer;

  private constructor(server: SMTPServer, mails: Caught[], port: number) {
    this.#server = server;
    this.mails = mails;
    this.port = port;
  }

  static async open(options: CatcherOptions = {}, certificate?: { key: string; cert: string }): Promise<Catcher> {
    const { tls = 'none', user, password, recipient = () => 0, sender = () => 0, data = () => 0 } = options;
    const mails: Caught[] = [];
    const server = new SMTPServer({
      secure: tls === 'implicit',
      ...(certificate ? { key: certificate.key, cert: certificate.cert } : {}),
      disabledCommands: [...(tls === 'starttls' ? [] : ['STARTTLS']), ...(user === undefined ? ['AUTH'] : [])],
      authOptional: user === undefined,
      allowInsecureAuth: true,
      disableReverseLookup: true,
      closeTimeout: 500,
      logger: false,
      onAuth: (auth, _session, done) =>
        auth.username === user && auth.password === password
          ? done(null, { user: auth.username })
          : done(Object.assign(new Error('Invalid username or password'), { responseCode: 535 })),
      onMailFrom: ({ address }, _session, done) => done(refusal(sender(address))),
      onRcptTo: ({ address }, _session, done) => done(refusal(recipient(address))),
      onData(stream, session, done) {
        const chunks: Buffer[] = [];
        stream.on('data', (chunk: Buffer) => chunks.push(chunk));
        stream.on('end', () => {
          const refused = refusal(data());
          if (refused) return done(refused);
          const [head = '', ...rest] = Buffer.concat(chunks).toString().split('\r\n\r\n');
          const header = (name: string) => new RegExp(`^${name}: (.*)$`, 'im').exec(head)?.[1] ?? '';
          const { mailFrom, rcptTo } = session.envelope;
          mails.push({
            from: mailFrom === false ? '' : mailFrom.address,
            to: rcptTo.map((one) => one.address),
            messageId: header('Message-ID'),
            subject: header('Subject'),
            body: rest.join('\r\n\r\n'),
            tls: session.secure,
            user: session.user,
          });
          const reply = async () => {
            await options.beforeReply?.();
            done();
          };
          void reply();
        });
      },
    });
    server.on('error', () => {});
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(options.port ?? 0, '127.0.0.1', () => resolve());
    });
    return new Catcher(server, mails, (server.server.address() as AddressInfo).port);
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }
}
