import { connect, type Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { freePort } from '../../support/dovecot.ts';
import { RawClient } from '../../support/raw-client.ts';
import { type Maildrops, PASSWORD, type ServerKind } from './kind.ts';
import { copyIn, RootFolder, requireServer, systemUserId } from './root-folder.ts';

const PROGRAMS = '/usr/lib/cyrus/bin';
const LMTP_SOCKET = '/run/cyrus/lmtp';
const USER_DATABASE = '/etc/sasldb2';

const SETTINGS = `
configdirectory: /var/lib/cyrus
partition-default: /var/spool/cyrus
defaultpartition: default
servername: localhost
virtdomains: off
sasl_pwcheck_method: auxprop
sasl_auxprop_plugin: sasldb
sasl_sasldb_path: ${USER_DATABASE}
sasl_mech_list: PLAIN LOGIN CRAM-MD5 DIGEST-MD5 SCRAM-SHA-1 SCRAM-SHA-256
allowplaintext: yes
allowapop: yes
autocreate_quota: 0
autocreate_post: yes
lmtpsocket: ${LMTP_SOCKET}
tls_server_cert: /etc/cyrus.pem
tls_server_key: /etc/cyrus.pem
`;

/** Fields of a header, an empty line if there is a body, and neither NUL nor bare CR anywhere. */
const WELL_FORMED =
  /^(?:[\x21-\x39\x3b-\x7e]+:[^\0\r\n]*(?:\r?\n[ \t][^\0\r\n]*)*\r?\n)+(?:\r?\n(?:[^\0\r]|\r\n)*)?$/;

export const cyrus: ServerKind = {
  require: requireServer('cyrus'),
  title: 'Cyrus 3.6',
  debianPackage: 'cyrus-pop3d',
  tls: ['none', 'starttls', 'implicit'],
  mechanisms: ['user-pass', 'apop', 'plain', 'login', 'cram-md5', 'scram-sha-1', 'scram-sha-256'],
  holds: {
    fits: (message) => WELL_FORMED.test(message.toString('latin1')),
    why: 'its LMTP refuses messages with a NUL or without a proper header, and drops bare CRs',
  },
  quirks: [
    'Says "Mailbox locked", but lets a second session in.',
    'Announces `EXPIRE NEVER` and `LOGIN-DELAY 0`, which ask for nothing.',
    'Has SCRAM-SHA-1-PLUS and SCRAM-SHA-256-PLUS within TLS, which Mailferry does not use.',
  ],
  start: async (maildrops) => {
    const root = await RootFolder.make('cyrus', maildrops.keys());
    const [plain, tls] = [await freePort(), await freePort()];
    await configure(root, { plain, tls });
    root.start([`${PROGRAMS}/master`, '-D', '-C', '/etc/imapd.conf', '-M', '/etc/cyrus.conf']);
    await deliverByLmtp(root, maildrops);
    return root.serving({ plain, tls });
  },
};

async function configure(
  root: RootFolder,
  { plain, tls }: { readonly plain: number; readonly tls: number },
): Promise<void> {
  const owner = systemUserId('cyrus');
  for (const folder of ['/var/lib/cyrus', '/var/spool/cyrus', '/run/cyrus']) {
    await root.makeFolder(folder, { owner });
  }
  // Delivery does not start without a time zone.
  await copyIn(root, '/usr/share/zoneinfo/zone.tab', '/usr/share/zoneinfo/UTC');
  await root.writeCertificate('/etc/cyrus.pem', owner);
  await root.write('/etc/imapd.conf', SETTINGS);
  await root.write(
    '/etc/cyrus.conf',
    `START {
  recover cmd="${PROGRAMS}/ctl_cyrusdb -r"
}
SERVICES {
  pop3 cmd="${PROGRAMS}/pop3d" listen="127.0.0.1:${plain}"
  pop3s cmd="${PROGRAMS}/pop3d -s" listen="127.0.0.1:${tls}"
  lmtp cmd="${PROGRAMS}/lmtpd" listen="${LMTP_SOCKET}"
}
`,
  );
  for (const { user } of root.accounts) {
    const words = ['/usr/sbin/saslpasswd2', '-p', '-c', '-f', USER_DATABASE, '-u', 'localhost', user];
    root.run(words, `${PASSWORD}\n`);
  }
  await root.giveTo(USER_DATABASE, owner);
}

/** Each message once for all users who have the same maildrop, over one connection. */
async function deliverByLmtp(root: RootFolder, maildrops: Maildrops): Promise<void> {
  await using client = new RawClient(await connectWhenThere(root.at(LMTP_SOCKET)));
  const command = async (line: string): Promise<void> => {
    client.send(`${line}\r\n`);
    await lmtpReply(client, line);
  };
  await lmtpReply(client, 'connecting');
  await command('LHLO localhost');
  for (const messages of new Set(maildrops.values())) {
    const users = [...maildrops].filter(([, others]) => others === messages).map(([user]) => user);
    for (const message of messages) {
      await command('MAIL FROM:<sender@mail.example>');
      for (const user of users) await command(`RCPT TO:<${user}>`);
      await command('DATA');
      client.send(stuffed(message));
      for (const user of users) await lmtpReply(client, `the message for ${user}`);
    }
  }
  await command('QUIT');
}

/** Reads a reply of any number of lines; raises where it is a refusal. */
async function lmtpReply(client: RawClient, to: string): Promise<void> {
  let line = await client.line();
  while (line[3] === '-') line = await client.line();
  if (!/^[23]/.test(line)) throw new Error(`Cyrus refused ${to}: ${line}`);
}

/** As a message goes out by LMTP: lines that end with CRLF, dots doubled. */
function stuffed(message: Buffer): Buffer {
  const lines = message
    .toString('latin1')
    .replaceAll(/\r?\n/g, '\r\n')
    .replaceAll(/(^|\n)\./g, '$1..');
  return Buffer.from(`${lines}${lines.endsWith('\n') ? '' : '\r\n'}.\r\n`, 'latin1');
}

/** Connects as soon as somebody listens. */
async function connectWhenThere(path: string): Promise<Socket> {
  for (;;) {
    const socket = await new Promise<Socket | undefined>((resolve) => {
      const attempt = connect(path, () => resolve(attempt));
      attempt.once('error', () => resolve(undefined));
    });
    if (socket !== undefined) return socket;
    await setTimeout(20);
  }
}
