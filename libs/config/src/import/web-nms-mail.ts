import type { Findings } from './findings.ts';
import { leaveUnknown, type Tag } from './read-tags.ts';

const email = /^[^\s@,;<>]+@[^\s@,;<>]+$/;

/** `<SEND_EMAIL>`: who is told of a take-over. */
export function takeMail(mail: Tag, findings: Findings): void {
  leaveUnknown(mail, ['SMTP_SERVER', 'TO_ADDRESS', 'FROM_ADDRESS', 'SUBJECT', 'BODY'], [], findings);
  const needed = (name: string, what: string) => {
    const attribute = mail.attributes.get(name);
    if (attribute && attribute.value.trim() !== '') return { ...attribute, value: attribute.value.trim() };
    findings.refuse(attribute?.place ?? mail.place, `an attribute ${name}: ${what}`, `Add it, or take SEND_EMAIL out.`);
    return null;
  };
  const server = needed('SMTP_SERVER', 'the mail server');
  const to = needed('TO_ADDRESS', 'who gets the mail');
  const from = needed('FROM_ADDRESS', 'who sends it');
  if (server) {
    const [, host = '', port = '25'] = /^(\S+?)(?::(\d{1,5}))?$/.exec(server.value) ?? [];
    if (host === '' || Number(port) < 1 || Number(port) > 65_535) {
      findings.refuse(server.place, 'a host name or address, perhaps with :port', 'Name one mail server.');
    } else {
      findings.take(
        server.place,
        [
          { field: 'notifier.enabled', value: true },
          { field: 'notifier.smtp.host', value: host },
          { field: 'notifier.smtp.port', value: Number(port) },
          { field: 'notifier.smtp.tls', value: 'required' },
        ],
        'The old system speaks plain SMTP. Here STARTTLS is required; for a relay on this very host set notifier.smtp.tls to none.',
      );
    }
  }
  if (to) {
    const all = to.value.split(',').map((part) => part.trim());
    if (all.length <= 50 && all.every((one) => email.test(one))) {
      findings.take(
        to.place,
        [{ field: 'notifier.to', value: all }],
        'They get every alert, not only that of a take-over.',
      );
    } else findings.refuse(to.place, 'up to 50 e-mail addresses with commas between them', 'Correct the addresses.');
  }
  if (from) {
    if (email.test(from.value))
      findings.take(from.place, [{ field: 'notifier.from', value: from.value }], 'The sender.');
    else findings.refuse(from.place, 'one e-mail address', 'Correct the address.');
  }
  for (const name of ['SUBJECT', 'BODY']) {
    const attribute = mail.attributes.get(name);
    if (attribute) {
      findings.leave(
        attribute.place,
        'Every alert has a subject and a text of its own, which say what happened; notifier.subjectPrefix begins each subject.',
      );
    }
  }
}
