import { readFile } from 'node:fs/promises';
import type { NodeConfig } from '@hotstandby/config';
import { MailError, type Mail, type Mailer, type MailReceipt } from '@hotstandby/ports';
import { createTransport } from 'nodemailer';
import { allRefused, mailFault, refusedRecipients, type RecipientFault } from './mail-fault.ts';

export type SmtpConfig = Extract<NodeConfig['notifier'], { enabled: true }>['smtp'];

const timeoutsMs = { connectionTimeout: 10_000, greetingTimeout: 10_000, socketTimeout: 20_000, dnsTimeout: 10_000 };

/**
 * Mail over any SMTP server. One connection a mail: alerts are rare, and a connection that is kept open is one more
 * thing that can be dead when it counts. Files are read for each mail, so a mended password needs no restart.
 */
export class SmtpMailer implements Mailer {
  readonly #smtp: SmtpConfig;
  readonly #domain: string;

  /** `cluster` becomes the right side of the Message-ID. Inert until first use. */
  constructor(options: { smtp: SmtpConfig; cluster: string }) {
    this.#smtp = options.smtp;
    this.#domain = `${options.cluster.toLowerCase()}.hotstandby.invalid`;
  }

  async send(mail: Mail): Promise<MailReceipt> {
    const transport = await this.#transport();
    try {
      const { id, from, to, subject, text } = mail;
      const info = await transport.sendMail({
        from,
        to,
        subject,
        text,
        messageId: `<${id}@${this.#domain}>`,
        // RFC 3834 section 5: keeps vacation replies away.
        headers: { 'Auto-Submitted': 'auto-generated' },
      });
      const faults = (info as { rejectedErrors?: RecipientFault[] }).rejectedErrors ?? [];
      return {
        accepted: info.accepted,
        refused: refusedRecipients(faults),
      };
    } catch (error) {
      const refused = allRefused(error);
      if (refused) return { accepted: [], refused };
      throw mailFault(error);
    } finally {
      transport.close();
    }
  }

  async verify(): Promise<void> {
    const transport = await this.#transport();
    try {
      await transport.verify();
    } catch (error) {
      throw mailFault(error);
    } finally {
      transport.close();
    }
  }

  async #transport() {
    const { host, port, tls, user, passwordFile, caFile } = this.#smtp;
    const pass = passwordFile === undefined ? '' : (await readSecret(passwordFile)).replace(/\r?\n$/, '');
    const ca = caFile === undefined ? undefined : await readSecret(caFile);
    return createTransport({
      host,
      port,
      secure: tls === 'implicit',
      requireTLS: tls === 'required',
      ignoreTLS: tls === 'none',
      ...(user === undefined ? {} : { auth: { user, pass } }),
      tls: { minVersion: 'TLSv1.2', ...(ca === undefined ? {} : { ca }) },
      ...timeoutsMs,
      // A text that names a file or an address is sent as it is, never fetched.
      disableFileAccess: true,
      disableUrlAccess: true,
    });
  }
}

async function readSecret(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new MailError('HS_MAIL_PASSWORD', `${path} cannot be read: ${(error as { code?: string }).code}`, false);
  }
}
