import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './compile.ts';

/** What the programs are to do, the same for all of them. */
export interface Work {
  /** An empty folder of the program's own: configuration, state and mail. */
  readonly folder: string;
  readonly host: string;
  readonly port: number;
  readonly tls: { readonly caFile: string } | undefined;
  readonly users: readonly string[];
  /** Whether the mail stays on the server. */
  readonly keep: boolean;
}

export interface Program {
  readonly name: string;
  /** Prepares the folder; the command that does the work. */
  readonly command: (work: Work) => readonly string[];
  /** Whether the delivered octets are those of the message; some programs write into the header. */
  readonly faithful: boolean;
}

export const PASSWORD = 'secret';

/** How many processes of a program that polls one account after the other run at a time. */
const PROCESSES = '64';

/** The Maildir of a user. */
export function maildirOf({ folder }: Pick<Work, 'folder'>, user: string): string {
  return join(folder, 'mail', user);
}

const mailferry: Program = {
  name: 'mailferry',
  faithful: true,
  command: (work) => {
    const { folder, host, port, tls, users, keep } = work;
    makeMaildirs(work);
    const account = (user: string): Record<string, unknown> => ({
      user,
      deliver: { type: 'maildir', path: maildirOf(work, user) },
    });
    const configuration = {
      stateDir: join(folder, 'state'),
      concurrency: { accounts: 64, perHost: 64 },
      defaults: {
        host,
        port,
        password: PASSWORD,
        delete: keep ? 'never' : 'after-delivery',
        ...(tls === undefined
          ? { tls: 'none', allowCleartext: true }
          : { tls: 'implicit', caFile: tls.caFile }),
      },
      accounts: Object.fromEntries(users.map((user) => [user, account(user)])),
    };
    const path = save(folder, 'mailferry.json', JSON.stringify(configuration));
    return [process.execPath, join(ROOT, 'bin/mailferry.js'), '--config', path, 'fetch', '--json'];
  },
};

const mpop: Program = {
  name: 'mpop',
  faithful: true,
  command: (work) => {
    const { folder, host, port, tls, users, keep } = work;
    makeMaildirs(work);
    const secured = tls === undefined ? 'tls off' : `tls on\ntls_starttls off\ntls_trust_file ${tls.caFile}`;
    const accounts = users.map(
      (user) => `account ${user}
host ${host}
port ${port}
user ${user}
password ${PASSWORD}
auth user
${secured}
keep ${keep ? 'on' : 'off'}
received_header off
uidls_file ${folder}/uidls-%U
delivery maildir ${maildirOf(work, user)}
`,
    );
    const path = save(folder, 'mpoprc', accounts.join('\n'));
    if (users.length === 1) return ['mpop', '-Q', '-C', path, users[0] ?? ''];
    const names = save(folder, 'names', users.join('\n'));
    return ['xargs', '-a', names, '-n', '1', '-P', PROCESSES, 'mpop', '-Q', '-C', path];
  },
};

const fdm: Program = {
  name: 'fdm',
  faithful: true,
  command: (work) => {
    const { folder, host, port, tls, users, keep } = work;
    makeMaildirs(work);
    const kept = (user: string): string => (keep ? `new-only cache "${folder}/cache-${user}" keep` : '');
    const accounts = users.map(
      (
        user,
      ) => `account "${user}" pop3${tls === undefined ? '' : 's'} server "${host}" port ${port} user "${user}" pass "${PASSWORD}" ${kept(user)} ${tls === undefined ? '' : 'no-verify'}
action "${user}" maildir "${maildirOf(work, user)}"
match account "${user}" action "${user}"
`,
    );
    const path = save(
      folder,
      'fdm.conf',
      `set no-received\nset default-user "root"\nset maximum-size 1G\nset lock-file "${folder}/fdm.lock"\n${accounts.join('')}`,
    );
    return ['fdm', '-q', '-f', path, 'fetch'];
  },
};

const fetchmail: Program = {
  name: 'fetchmail',
  faithful: false,
  command: (work) => {
    const { folder, host, port, tls, users, keep } = work;
    makeMaildirs(work);
    const accounts = users.map(
      (user) => `poll ${user} via ${host} proto pop3 service ${port} ${keep ? 'uidl' : ''}
  user "${user}" password "${PASSWORD}" ${tls === undefined ? "sslproto ''" : `ssl sslcertfile ${tls.caFile}`}
  mda "/usr/bin/procmail -m DEFAULT=${maildirOf(work, user)}/ /dev/null" ${keep ? 'keep' : 'nokeep fetchall'}
`,
    );
    const path = save(
      folder,
      'fetchmailrc',
      `set idfile "${folder}/ids"\nset invisible\n${accounts.join('')}`,
    );
    return ['fetchmail', '-s', '-f', path, '--pidfile', join(folder, 'pid')];
  },
};

const getmail: Program = {
  name: 'getmail6',
  faithful: false,
  command: (work) => {
    const { folder, host, port, tls, users, keep } = work;
    makeMaildirs(work);
    const names = users.map((user) =>
      save(
        folder,
        `getmailrc-${user}`,
        `[retriever]
type = SimplePOP3${tls === undefined ? '' : 'SSL'}Retriever
server = ${host}
port = ${port}
username = ${user}
password = ${PASSWORD}
timeout = 60
[destination]
type = Maildir
path = ${maildirOf(work, user)}/
[options]
verbose = 0
read_all = ${keep ? 'false' : 'true'}
delete = ${keep ? 'false' : 'true'}
delivered_to = false
received = false
`,
      ),
    );
    return ['getmail', '--getmaildir', folder, ...names.flatMap((name) => ['--rcfile', name])];
  },
};

export const PROGRAMS: readonly Program[] = [mailferry, mpop, fdm, fetchmail, getmail];

/** For all alike, since some do not make them, and to make three folders durably takes as long as five messages do. */
function makeMaildirs(work: Work): void {
  for (const user of work.users) {
    for (const folder of ['tmp', 'new', 'cur'])
      mkdirSync(join(maildirOf(work, user), folder), { recursive: true });
  }
}

function save(folder: string, name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text, { mode: 0o600 });
  return path;
}
