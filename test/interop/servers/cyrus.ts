import { connect, type Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { freePort } from '../../support/dovecot.ts';
import { greetedClient, RawClient } from '../../support/raw-client.ts';
import type { ImapKind } from './imap-kind.ts';
import { type Maildrops, PASSWORD, type ServerKind } from './kind.ts';
import { copyIn, RootFolder, requireServer, systemUserId } from './root-folder.ts';

const PROGRAMS = '/usr/lib/cyrus/bin';
const MASTER = [`${PROGRAMS}/master`, '-D', '-C', '/etc/imapd.conf', '-M', '/etc/cyrus.conf'];
const LMTP_SOCKET = '/run/cyrus/lmtp';
const USER_DATABASE = '/etc/sasldb2';

const ADMINISTRATOR = 'administrator';

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
admins: ${ADMINISTRATOR}
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
    await configure(root, { services: pop3Services({ plain, tls }) });
    root.start(MASTER);
    await deliverByLmtp(root, maildrops);
    return root.serving({ plain, tls });
  },
};

export const cyrusImap: ImapKind = {
  require: requireServer('cyrus'),
  title: 'Cyrus 3.6',
  debianPackage: 'cyrus-imapd',
  tls: ['none', 'starttls', 'implicit'],
  quirks: [
    'Puts an X in the place of each 8-bit octet in a header, unless `munge8bit: no` is set there, and says OK.',
    'Refuses messages with bare LFs: all lines are given to it with CRLF.',
    'Refuses messages without a proper header, and takes those with NUL as BINARY.',
    'Has no code for a full mailbox, a name that cannot be or a missing right: its words are read.',
  ],
  named: (levels) => levels.map(inUtf7).join('/'),
  impossible: 'quo"te',
  unencoded: 'changed',
  spool: { folder: '/var/spool/cyrus', file: /^\d+\.$/ },
  limit: async ({ host, ports }, user, kilobytes) => {
    await using client = await greetedClient({ host, port: ports.plain });
    for (const command of [
      `LOGIN ${ADMINISTRATOR} ${PASSWORD}`,
      `SETQUOTA user/${user} (STORAGE ${kilobytes})`,
    ]) {
      client.send(`a ${command}\r\n`);
      const answer = await client.line();
      if (!answer.startsWith('a OK')) throw new Error(`Cyrus refused ${command}: ${answer}`);
    }
  },
  start: async (users) => {
    const root = await RootFolder.make('cyrus', [ADMINISTRATOR, ...users]);
    const [plain, tls] = [await freePort(), await freePort()];
    await configure(root, { services: imapServices({ plain, tls }) });
    root.start(MASTER);
    (await connectWhenThere(root.at(LMTP_SOCKET))).destroy();
    return { root, ...root.serving({ plain, tls }) };
  },
};

interface Ports {
  readonly plain: number;
  readonly tls: number;
}

function pop3Services({ plain, tls }: Ports): string {
  return `
  pop3 cmd="${PROGRAMS}/pop3d" listen="127.0.0.1:${plain}"
  pop3s cmd="${PROGRAMS}/pop3d -s" listen="127.0.0.1:${tls}"`;
}

function imapServices({ plain, tls }: Ports): string {
  return `
  imap cmd="${PROGRAMS}/imapd" listen="127.0.0.1:${plain}"
  imaps cmd="${PROGRAMS}/imapd -s" listen="127.0.0.1:${tls}"`;
}

async function configure(root: RootFolder, { services }: { readonly services: string }): Promise<void> {
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
SERVICES {${services}
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

/** Modified UTF-7 (RFC 3501 §5.1.3). */
function inUtf7(text: string): string {
  return text.replaceAll('&', '&-').replaceAll(/[^\x20-\x7e]+/g, (other) => {
    const base64 = Buffer.from(other, 'utf16le').swap16().toString('base64');
    return `&${base64.replaceAll('/', ',').replaceAll('=', '')}-`;
  });
}
