import { once } from 'node:events';
import type { ImapKind } from './imap-kind.ts';
import { type Maildrops, PASSWORD, type ServerKind } from './kind.ts';
import { passwordHash, RootFolder, requireServer, systemUserId } from './root-folder.ts';

const LIBRARY = '/usr/lib/courier';
const LOGIN = [`${LIBRARY}/courier/courierpop3login`, `${LIBRARY}/courier/courierpop3d`, 'Maildir'];
const IMAP_LOGIN = [`${LIBRARY}/courier/imaplogin`, '/usr/bin/imapd', 'Maildir'];
const CERTIFICATE = '/etc/courier/server.pem';

const ENVIRONMENT = {
  PATH: '/usr/bin:/usr/sbin',
  POP3AUTH: 'PLAIN LOGIN CRAM-MD5',
  POP3AUTH_TLS: 'PLAIN LOGIN CRAM-MD5',
  POP3_STARTTLS: 'YES',
  COURIERTLS: '/usr/bin/couriertls',
  TLS_CERTFILE: CERTIFICATE,
  TLS_VERIFYPEER: 'NONE',
};

/** As Debian sets it. */
const CAPABILITIES =
  'IMAP4rev1 UIDPLUS CHILDREN NAMESPACE THREAD=ORDEREDSUBJECT THREAD=REFERENCES SORT QUOTA IDLE';

const IMAP_ENVIRONMENT = {
  PATH: '/usr/bin:/usr/sbin',
  IMAP_CAPABILITY: CAPABILITIES,
  IMAP_CAPABILITY_TLS: `${CAPABILITIES} AUTH=PLAIN`,
  IMAP_KEYWORDS: '1',
  IMAP_ACL: '1',
  IMAP_MAILBOX_SANITY_CHECK: '1',
  // With locks it asks a server of their own (gamin), and waits a second where there is none.
  IMAP_USELOCKS: '0',
  IMAP_TRASHFOLDERNAME: 'Trash',
  IMAP_EMPTYTRASH: 'Trash:7',
  IMAP_STARTTLS: 'YES',
  COURIERTLS: '/usr/bin/couriertls',
  TLS_CERTFILE: CERTIFICATE,
  TLS_VERIFYPEER: 'NONE',
};

export const courierImap: ImapKind = {
  require: requireServer('courier'),
  title: 'Courier 1.0',
  debianPackage: 'courier-imap',
  tls: ['none', 'starttls', 'implicit'],
  quirks: [
    'Refuses APPEND to a mailbox that is open for reading only: it is closed first.',
    'Has neither BINARY nor a code for a full mailbox, a name that cannot be or a missing right: its words are read.',
    'Has all mailboxes below `INBOX`, with `.` between the levels; `Archive/2026` in the configuration is `INBOX.Archive.2026` there.',
  ],
  named: (levels) => ['INBOX', ...levels].join('.'),
  impossible: 'Archive//2026',
  unencoded: 'kept',
  spool: { folder: '/home', file: /,S=\d+/ },
  limit: async ({ root }, user, kilobytes) => {
    const owner = root.accounts.find((account) => account.user === user)?.id ?? 0;
    await root.write(`/home/${user}/Maildir/maildirsize`, `${kilobytes}000S\n`, { owner, group: owner });
  },
  start: async (users) => {
    const root = await prepare(new Map(users.map((user) => [user, []])));
    const ports = await root.startByInetd(
      {
        plain: IMAP_LOGIN,
        tls: ['/bin/sh', '-c', `IMAP_TLS=1 exec /usr/bin/couriertls -server -tcpd ${IMAP_LOGIN.join(' ')}`],
      },
      IMAP_ENVIRONMENT,
    );
    return { root, ...root.serving(ports) };
  },
};

export const courier: ServerKind = {
  require: requireServer('courier'),
  title: 'Courier 1.0',
  debianPackage: 'courier-pop',
  tls: ['none', 'starttls', 'implicit'],
  mechanisms: ['user-pass', 'plain', 'login', 'cram-md5'],
  first: ['UTF8'],
  quirks: [
    'Announces PIPELINING and then loses what comes with the login: nothing is sent before the login is answered.',
    'Answers a wrong password after five seconds; a login may take 60.',
    'Wraps a message with 8-bit octets in its header into another one, different each time, unless UTF8 is said: it is said.',
    'Lets two sessions into one maildrop.',
  ],
  start: async (maildrops) => {
    const root = await prepare(maildrops);
    const ports = await root.startByInetd(
      { plain: LOGIN, tls: ['/usr/bin/couriertls', '-server', '-tcpd', ...LOGIN] },
      ENVIRONMENT,
    );
    return root.serving(ports);
  },
};

/** The folder and the process that checks passwords. */
async function prepare(maildrops: Maildrops): Promise<RootFolder> {
  const root = await RootFolder.make('courier', maildrops.keys());
  await fillMaildirs(root, maildrops);
  await makeUserDatabase(root);
  await startAuthentication(root);
  await root.writeCertificate(CERTIFICATE, systemUserId('courier'));
  return root;
}

async function fillMaildirs(root: RootFolder, maildrops: Maildrops): Promise<void> {
  for (const { user, id } of root.accounts) {
    for (const folder of ['', '/cur', '/new', '/tmp']) {
      await root.makeFolder(`/home/${user}/Maildir${folder}`, { owner: id });
    }
    for (const [index, message] of (maildrops.get(user) ?? []).entries()) {
      const name = `${1_700_000_000 + index}.M${index}.example`;
      await root.write(`/home/${user}/Maildir/new/${name}`, message, { owner: id, group: id });
    }
  }
}

/** Who may log in: the places of the mail, and in a second file the passwords, one form for each mechanism. */
async function makeUserDatabase(root: RootFolder): Promise<void> {
  const system = passwordHash();
  const hmac = root.run(['/usr/sbin/userdbpw', '-hmac-md5'], `${PASSWORD}\n`).trim();
  const places = root.accounts.map(
    ({ user, id }) => `${user}\thome=/home/${user}|mail=/home/${user}/Maildir|uid=${id}|gid=${id}\n`,
  );
  const passwords = root.accounts.map(({ user }) => `${user}\tsystempw=${system}|hmac-md5pw=${hmac}\n`);
  for (const [file, rows] of [
    ['userdb', places],
    ['userdbshadow', passwords],
  ] as const) {
    const source = `/etc/courier/${file}`;
    await root.write(source, `${rows.join('')}.\n`, { mode: 0o600 });
    const compile = `${LIBRARY}/courier-authlib/makedatprog`;
    root.run([compile, source, `${source}.new`, `${source}.dat`]);
  }
}

async function startAuthentication(root: RootFolder): Promise<void> {
  await root.makeFolder('/run/courier/authdaemon');
  const settings = 'authmodulelist="authuserdb"\nauthmodulelistorig="authuserdb"\ndaemons=2\n';
  await root.write('/etc/courier/authdaemonrc', `${settings}authdaemonvar=/run/courier/authdaemon\n`);
  const daemon = root.start([`${LIBRARY}/courier-authlib/authdaemond`]);
  await once(daemon.stderr as NodeJS.ReadableStream, 'data');
}
