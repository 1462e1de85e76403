import { MailError, type MailReceipt } from '@hotstandby/ports';

/** What nodemailer throws: its own code, the server's reply code and the command it answered. */
interface SmtpFault {
  code?: string;
  responseCode?: number;
  command?: string;
  message?: string;
  rejectedErrors?: RecipientFault[];
}
export interface RecipientFault {
  recipient?: string;
  responseCode?: number;
  message?: string;
}

/** RFC 5321 section 4.2.1: 5yz says not to try the same again, 4yz to try later. */
const isPermanent = (responseCode: number | undefined): boolean => responseCode !== undefined && responseCode >= 500;

/** OpenSSL's names of certificates that are not to be trusted, as Node passes them on. */
const certificate = /certificate|self.signed|CERT_|altnames|unable to verify|wrong version number|SSL routines/i;

export function mailFault(thrown: unknown): MailError {
  const fault = (thrown ?? {}) as SmtpFault;
  const message = (fault.message ?? String(thrown)).slice(0, 500);
  const make = (code: MailError['code'], permanent = false) =>
    new MailError(code, message, permanent, { cause: thrown });
  switch (fault.code) {
    case 'EAUTH':
    case 'ENOAUTH':
      return make('HS_MAIL_AUTH');
    case 'ETLS':
    case 'EREQUIRETLS':
      return make('HS_MAIL_TLS');
    case 'EENVELOPE':
    case 'EMESSAGE':
      // 530: the server wants a login that is not configured (RFC 4954 section 6).
      if (fault.responseCode === 530) return make(/starttls/i.test(message) ? 'HS_MAIL_TLS' : 'HS_MAIL_AUTH');
      return make('HS_MAIL_REFUSED', isPermanent(fault.responseCode));
    default:
      return make(certificate.test(message) ? 'HS_MAIL_TLS' : 'HS_MAIL_UNREACHABLE');
  }
}

export const refusedRecipients = (faults: RecipientFault[]): MailReceipt['refused'] =>
  faults.map(({ recipient, responseCode, message }) => ({
    to: recipient ?? '',
    message: (message ?? 'refused').slice(0, 500),
    permanent: isPermanent(responseCode),
  }));

/** The refusals, when each recipient was refused by itself; null: something else was wrong. */
export function allRefused(thrown: unknown): MailReceipt['refused'] | null {
  const { code, command, rejectedErrors } = thrown as SmtpFault;
  if (code !== 'EENVELOPE' || command !== 'RCPT TO' || !rejectedErrors?.length) return null;
  return refusedRecipients(rejectedErrors);
}
