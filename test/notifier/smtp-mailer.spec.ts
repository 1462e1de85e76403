import { createServer, type AddressInfo, type Socket } from 'node:net';
import { SmtpMailer, type SmtpConfig } from '@hotstandby/adapters/smtp';
import { MailError, type Mail } from '@hotstandby/ports';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { Catcher, makeCertificate, secretFile, type CatcherOptions } from './smtp-catcher.ts';

let certificate: ReturnType<typeof makeCertificate>;
let catcher: Catcher | null = null;
beforeAll(() => void (certificate = makeCertificate()));
afterAll(() => certificate.remove());
afterEach(async () => {
  await catcher?.close();
  catcher = null;
});

const mail: Mail = {
  id: 'takeover.e1',
  from: 'hs@example.org',
  to: ['ann@example.org', 'bob@example.org'],
  subject: '[hotstandby] TAKE-OVER: b is active — ä',
  text: 'Node b took over.\n.\nEnd.\n',
};

async function mailer(options: CatcherOptions = {}, smtp: Partial<SmtpConfig> = {}) {
  catcher = await Catcher.open(options, options.tls === undefined ? undefined : certificate);
  return new SmtpMailer({ smtp: { host: '127.0.0.1', port: catcher.port, tls: 'none', ...smtp }, cluster: 'Demo' });
}
const fault = (promise: Promise<unknown>): Promise<MailError> =>
  promise.then(
    () => {
      throw new Error('it was taken');
    },
    (error: unknown) => {
      if (error instanceof MailError) return error;
      throw error;
    },
  );

it('sends to several recipients, with the Message-ID of the alert', async () => {
  const one = await mailer();
  expect(await one.send(mail)).toEqual({ accepted: mail.to, refused: [] });
  await one.send(mail);
  expect(catcher?.mails).toHaveLength(2);
  expect(catcher?.mails[0]).toMatchObject({
    to: mail.to,
    messageId: '<takeover.e1@demo.hotstandby.invalid>',
    tls: false,
  });
  expect(catcher?.mails[1]?.messageId).toBe(catcher?.mails[0]?.messageId);
});

it.each(['starttls', 'implicit'] as const)(
  'sends with %s and a login, to a server whose CA it is told',
  async (tls) => {
    const passwordFile = secretFile(certificate.folder, 'secret\n');
    const config = {
      tls: tls === 'starttls' ? 'required' : 'implicit',
      user: 'hs',
      passwordFile,
      caFile: certificate.caFile,
    } as const;
    const one = await mailer({ tls, user: 'hs', password: 'secret' }, config);
    await one.verify();
    await one.send(mail);
    expect(catcher?.mails[0]).toMatchObject({ tls: true, user: 'hs' });
  },
);

it('sends nothing in clear when TLS is required and not offered', async () => {
  const one = await mailer({}, { tls: 'required' });
  expect(await fault(one.send(mail))).toMatchObject({ code: 'HS_MAIL_TLS', permanent: false });
  expect(catcher?.mails).toEqual([]);
});

it('sends nothing to a server whose certificate is not trusted', async () => {
  const one = await mailer({ tls: 'starttls' }, { tls: 'required' });
  expect((await fault(one.send(mail))).code).toBe('HS_MAIL_TLS');
  const implicit = await mailer({ tls: 'implicit' }, { tls: 'implicit' });
  expect((await fault(implicit.verify())).code).toBe('HS_MAIL_TLS');
});

it('tells a wrong password, and works when the file is mended', async () => {
  const passwordFile = secretFile(certificate.folder, 'wrong');
  const one = await mailer({ user: 'hs', password: 'secret' }, { user: 'hs', passwordFile });
  const error = await fault(one.send(mail));
  expect(error).toMatchObject({ code: 'HS_MAIL_AUTH', permanent: false });
  expect(`${error.message} ${String(error.cause)}`).not.toContain('wrong');
  const { writeFile } = await import('node:fs/promises');
  await writeFile(passwordFile, 'secret');
  await one.send(mail);
  expect(catcher?.mails).toHaveLength(1);
});

it('tells a password file that cannot be read', async () => {
  const one = await mailer({}, { user: 'hs', passwordFile: '/nowhere/secret' });
  expect((await fault(one.send(mail))).code).toBe('HS_MAIL_PASSWORD');
});

it('delivers to the others when one recipient is refused, for good or for now', async () => {
  const codes: Record<string, number> = { 'gone@example.org': 550, 'full@example.org': 452 };
  const one = await mailer({ recipient: (address) => codes[address] ?? 0 });
  const receipt = await one.send({ ...mail, to: ['ann@example.org', 'gone@example.org', 'full@example.org'] });
  expect(receipt.accepted).toEqual(['ann@example.org']);
  expect(receipt.refused).toMatchObject([
    { to: 'gone@example.org', permanent: true },
    { to: 'full@example.org', permanent: false },
  ]);
  const nobody = await one.send({ ...mail, to: ['gone@example.org', 'full@example.org'] });
  expect(nobody.accepted).toEqual([]);
  expect(nobody.refused.map((other) => other.permanent)).toEqual([true, false]);
});

it('tells a refusal of the mail for good from one for now', async () => {
  const [sender, data] = [{ code: 0 }, { code: 0 }];
  const one = await mailer({ sender: () => sender.code, data: () => data.code });
  sender.code = 553;
  expect(await fault(one.send(mail))).toMatchObject({ code: 'HS_MAIL_REFUSED', permanent: true });
  sender.code = 0;
  data.code = 554;
  expect(await fault(one.send(mail))).toMatchObject({ code: 'HS_MAIL_REFUSED', permanent: true });
  data.code = 451;
  expect(await fault(one.send(mail))).toMatchObject({ code: 'HS_MAIL_REFUSED', permanent: false });
});

it('tells a server that wants a login', async () => {
  const one = await mailer({ user: 'hs', password: 'secret' });
  expect((await fault(one.send(mail))).code).toBe('HS_MAIL_AUTH');
});

it('tells a server that is not there, and one that hangs up', async () => {
  const one = await mailer();
  await catcher?.close();
  catcher = null;
  expect(await fault(one.send(mail))).toMatchObject({ code: 'HS_MAIL_UNREACHABLE', permanent: false });

  const sockets: Socket[] = [];
  const rude = createServer((socket) => sockets.push(socket.end()));
  await new Promise<void>((resolve) => rude.listen(0, '127.0.0.1', resolve));
  const { port } = rude.address() as AddressInfo;
  const other = new SmtpMailer({ smtp: { host: '127.0.0.1', port, tls: 'none' }, cluster: 'c' });
  expect((await fault(other.send(mail))).code).toBe('HS_MAIL_UNREACHABLE');
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => rude.close(resolve));
});
