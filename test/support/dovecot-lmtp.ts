import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, chown, mkdir, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { vi } from 'vitest';
import { findProgram } from './programs.ts';

/** The owner of the mail where the tests run as root: Dovecot gives no mail to root. */
const NOBODY = 65_534;

/**
 * A Dovecot that stores what it gets over LMTP, on the socket `lmtp` in that folder: all of it in the Maildir `mail`, or that of each of
 * these users, whatever the domain, in `mail/USER`. It knows no other then.
 */
export async function startLmtp(folder: string, users?: readonly string[]): Promise<AsyncDisposable> {
  const mail = join(folder, 'mail');
  await mkdir(mail);
  await chmod(folder, 0o755);
  const isRoot = process.getuid?.() === 0;
  if (isRoot) await chown(mail, NOBODY, NOBODY);
  const { username, uid } = userInfo();
  const owner = isRoot ? NOBODY : uid;
  const lines = (users ?? []).map((name) => `${name}::${owner}:${owner}::${mail}/${name}::`);
  await writeFile(join(folder, 'users'), `${lines.join('\n')}\n`);
  const configuration = `
base_dir = ${folder}/run
log_path = /dev/stderr
protocols = lmtp
default_internal_user = ${username}
default_login_user = ${isRoot ? 'nobody' : username}
first_valid_uid = 0
mail_location = maildir:~
auth_username_format = %Ln
passdb {
  driver = static
  args = nopassword=y
}
${users === undefined ? everybody(owner, mail) : `userdb {\n  driver = passwd-file\n  args = ${folder}/users\n}`}
service lmtp {
  user = ${username}
  unix_listener ${folder}/lmtp {
    mode = 0600
  }
}
lmtp_add_received_header = no
ssl = no
`;
  await writeFile(join(folder, 'dovecot.conf'), configuration);
  const program = findProgram('dovecot') ?? '';
  const server = spawn(program, ['-F', '-c', join(folder, 'dovecot.conf')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  await once(server.stderr, 'data');
  await vi.waitUntil(() => existsSync(join(folder, 'lmtp')), 10_000);
  return {
    [Symbol.asyncDispose]: async () => {
      const ended = once(server, 'exit');
      server.kill('SIGTERM');
      await ended;
    },
  };
}

function everybody(owner: number, home: string): string {
  return `userdb {\n  driver = static\n  args = uid=${owner} gid=${owner} home=${home} allow_all_users=yes\n}`;
}
