import { access, mkdir, readFile } from 'node:fs/promises';
import { userInfo, type UserInfo } from 'node:os';
import { CodedError } from '@hotstandby/contracts';

/** As whom the peer logs in: the user that this process runs as. */
export interface Account {
  name: string;
  /** OpenSSH without PAM refuses an account whose password is locked; with PAM it does not (shadow(5), `!`). */
  usePam: boolean;
}

/** Throws `HS_SYNC_TOOL` when sshd could not let this user in. */
export async function account(): Promise<Account> {
  let user: UserInfo<string>;
  try {
    user = userInfo();
  } catch (error) {
    throw new CodedError('HS_SYNC_TOOL', `this process runs as user ${process.getuid?.()}, who has no name`, {
      cause: error,
      cure: 'Run file-sync as a user of /etc/passwd.',
    });
  }
  if (/\/(nologin|false|sync)$/.test(user.shell ?? '')) {
    throw new CodedError(
      'HS_SYNC_TOOL',
      `the login shell of ${user.username} is ${user.shell}: sshd cannot start rsync`,
      {
        cure: `Give ${user.username} the shell /bin/sh (usermod -s /bin/sh ${user.username}) and no password.`,
      },
    );
  }
  if (user.uid !== 0) return { name: user.username, usePam: false };

  // sshd as root insists on this folder, which a package's unit makes and a container does not have.
  await mkdir('/run/sshd', { recursive: true, mode: 0o755 }).catch(() => {});
  const shadow = await readFile('/etc/shadow', 'utf8').catch(() => '');
  const locked = shadow.split('\n').some((line) => line.startsWith(`${user.username}:!`));
  const pam = locked && (await access('/etc/pam.d/sshd').then(() => true, () => false)); // prettier-ignore
  return { name: user.username, usePam: pam };
}
