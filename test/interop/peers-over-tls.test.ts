import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { beforeEach, describe, expect, test } from 'vitest';
import { createServer } from '../../src/pop3-server/index.ts';
import { authority, certificate } from '../support/certificates.ts';
import { startDovecot } from '../support/dovecot.ts';
import { runProgram } from '../support/program.ts';
import { requirePrograms } from '../support/programs.ts';
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts';

/** The programs that people come from, over TLS with an authority of their own and a password kept elsewhere. */

const run = promisify(execFile);

const message = (name: string): Buffer =>
  Buffer.from(`From: ${name}@example.org\r\nMessage-ID: <${name}@x>\r\nSubject: ${name}\r\n\r\n${name}\r\n`);
const PASSWORD = 'pa55 w#rd';
const USERS = {
  'alice@example.org': { password: PASSWORD, messages: ['one', 'two', 'three'].map(message) },
  bob: { password: PASSWORD, messages: ['four'].map(message) },
};

interface Maildrops extends AsyncDisposable {
  readonly ports: { readonly plain: number; readonly tls: number };
  add(user: string, message: Buffer): Promise<void>;
  count(user: string): Promise<number>;
}

const SERVERS: Readonly<Record<string, () => Promise<Maildrops>>> = {
  'the included server': async () => {
    const server = await createServer({ users: USERS, tls: certificate(), tlsPort: 0 });
    return {
      ports: { plain: server.address.port, tls: server.tlsAddress?.port ?? 0 },
      add: async (user, added) => void server.maildrop(user).add(added),
      count: async (user) => server.maildrop(user).messages.length,
      [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    };
  },
  Dovecot: async () => {
    const dovecot = await startDovecot({ users: USERS, tls: certificate() });
    return {
      ports: dovecot.ports,
      add: (user, added) => dovecot.addMessage(user, added),
      count: async (user) => (await dovecot.maildrop(user)).length,
      [Symbol.asyncDispose]: () => dovecot[Symbol.asyncDispose](),
    };
  },
};

/** How somebody has set a peer up. */
interface Way {
  readonly peer: 'fetchmail' | 'getmail' | 'mpop';
  readonly users: readonly string[];
  /** Its configuration, with `KEEP` where it says what happens on the server. */
  configuration(folder: TemporaryFolder, ports: Maildrops['ports']): string;
  readonly keep: string;
  readonly remove: string;
}

const BOTH = Object.keys(USERS);
const ALICE = ['alice@example.org'];

const WAYS: Readonly<Record<string, Way>> = {
  'fetchmail with ssl, two users and a netrc file': {
    peer: 'fetchmail',
    users: BOTH,
    configuration: (folder, { tls }) => `set no bouncemail
defaults protocol pop3 uidl no rewrite
  ssl sslcertck sslcertfile ${folder.at('ca.pem')}
poll localhost service ${tls}
  user 'alice@example.org' there is root here KEEP mda "cat >> ${folder.at('theirs')}"
  user bob, is root here, KEEP, mda "cat >> ${folder.at('theirs')}"
`,
    keep: 'keep',
    remove: 'nokeep',
  },
  'fetchmail with STLS and a netrc file, by another name': {
    peer: 'fetchmail',
    users: ALICE,
    configuration: (folder, { plain }) => `poll mymail via localhost proto POP3 port ${plain} uidl
  user "alice@example.org" KEEP sslproto 'TLS1.2+' sslcertck sslcertfile "${folder.at('ca.pem')}"
  mda "cat >> ${folder.at('theirs')}"
`,
    keep: 'keep',
    remove: 'no keep',
  },
  'getmail with the whole login in a netrc file, of which it takes the last': {
    peer: 'getmail',
    users: ['bob'],
    configuration: (folder, { tls }) => `[retriever]
  type = SimplePOP3SSLRetriever
  server = localhost
  port = ${tls}
  ca_certs = ~/ca.pem
[destination]
  type = MDA_external
  path = /bin/sh
  arguments = ('-c', 'cat >> ${folder.at('theirs')}')
  allow_root_commands = true
[options]
  use_netrc = true
  netrc_file = ~/.netrc
  read_all = false
  KEEP
`,
    keep: 'delete = false',
    remove: 'delete = true',
  },
  'getmail with a password command': {
    peer: 'getmail',
    users: ALICE,
    configuration: (folder, { tls }) => `[options]
read_all: no
KEEP
[retriever]
type: SimplePOP3SSLRetriever
server: localhost
port: ${tls}
ca_certs: ${folder.at('ca.pem')}
username: alice@example.org
password_command: ("cat",
   "${folder.at('secret')}")
[destination]
type: MDA_external
path: /bin/sh
arguments: ('-c', 'cat >> ${folder.at('theirs')}')
allow_root_commands: yes
`,
    keep: 'delete_after: 30',
    remove: 'delete: yes',
  },
  'mpop with TLS from the first octet and a netrc file': {
    peer: 'mpop',
    users: BOTH,
    configuration: (folder, { tls }) => `defaults
tls on
tls_starttls off
tls_trust_file ~/ca.pem
KEEP
delivery mbox ${folder.at('theirs')}
uidls_file ~/uidls_%U
account alice
host localhost
port ${tls}
user alice@example.org
account bob : alice
user bob
`,
    keep: 'keep on',
    remove: 'keep off',
  },
  'mpop with STLS and a password command': {
    peer: 'mpop',
    users: ALICE,
    configuration: (folder, { plain }) => `account default
host localhost
port ${plain}
tls on
tls_trust_file "${folder.at('ca.pem')}"
user alice@example.org
passwordeval "cat ${folder.at('secret')}"
KEEP
uidls_file ~/.mpop_uidls
delivery mbox ${folder.at('theirs')}
`,
    keep: 'keep',
    remove: 'keep off',
  },
};

const FILES = { fetchmail: '.fetchmailrc', getmail: '.config/getmail/getmailrc', mpop: '.mpoprc' };

async function setUp(folder: TemporaryFolder): Promise<void> {
  await mkdir(folder.at('.config/getmail'), { recursive: true, mode: 0o700 });
  await writeFile(folder.at('ca.pem'), authority().cert);
  await writeFile(folder.at('secret'), `${PASSWORD}\n`, { mode: 0o600 });
  await writeFile(folder.at('theirs'), '');
  const entries = BOTH.map((user) => `machine localhost\n  login ${user}\n  password "${PASSWORD}"\n`);
  await writeFile(folder.at('.netrc'), entries.join('\n'), { mode: 0o600 });
}

/** Runs the peer once. */
async function runPeer(folder: TemporaryFolder, { peer }: Way): Promise<void> {
  const words = {
    fetchmail: ['-s', '--pidfile', folder.at('pid')],
    getmail: [],
    mpop: ['-a'],
  };
  const env = { PATH: process.env['PATH'], HOME: folder.path, USER: 'root', LANG: 'C.UTF-8' };
  await run(peer, words[peer], { env });
}

async function theirMessages(folder: TemporaryFolder): Promise<number> {
  return (await readFile(folder.at('theirs'), 'latin1')).match(/^Subject: /gm)?.length ?? 0;
}

interface Report {
  readonly outcome: string;
  readonly fetched: number;
  readonly deleted: number;
}

/** What one fetch did, over all accounts. */
async function fetchOnce(folder: TemporaryFolder): Promise<Report> {
  const { status, stdout, stderr } = await runProgram(['fetch', '--json'], { cwd: folder.path });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  const reports = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Report);
  return {
    outcome: reports.every(({ outcome }) => outcome === 'ok') ? 'ok' : 'not ok',
    fetched: reports.reduce((sum, { fetched }) => sum + fetched, 0),
    deleted: reports.reduce((sum, { deleted }) => sum + deleted, 0),
  };
}

/** Each way is tried with each server and with each policy, and each server with each policy; not all three in all combinations. */
function half<T>(both: readonly T[], which: number): readonly T[] {
  return both.filter((_, index) => (index + which) % 2 === 0);
}

const servers = Object.entries(SERVERS).map(([name, start], index) => [name, start, index] as const);
const ways = Object.entries(WAYS).map(([name, way], index) => [name, way, index] as const);

describe.each(servers)('with %s', (_, start, whichServer) => {
  beforeEach(requirePrograms('fetchmail', 'getmail', 'mpop', 'dovecot', 'openssl'));

  describe.each(ways)('%s', (__, way, whichWay) => {
    const policies = [
      ['leaves it on the server', way.keep],
      ['takes it off the server', way.remove],
    ] as const;
    test.each(half(policies, whichServer + whichWay))(
      'and one that %s, without a second download or an early deletion',
      async (what, policy) => {
        await using folder = await temporaryFolder();
        await using maildrops = await start();
        await setUp(folder);
        const file = folder.at(FILES[way.peer]);
        const written = way.configuration(folder, maildrops.ports);
        await writeFile(file, written.replaceAll('KEEP', way.keep), { mode: 0o600 });
        await runPeer(folder, way);
        const counts = await Promise.all(way.users.map((user) => maildrops.count(user)));
        const before = counts.reduce((sum, count) => sum + count, 0);
        expect(await theirMessages(folder)).toBe(before);

        await writeFile(file, written.replaceAll('KEEP', policy), { mode: 0o600 });
        const words = ['import', way.peer, file, '--deliver', 'maildir:~/Mail'];
        const imported = await runProgram(words, { cwd: folder.path });
        expect({ status: imported.status, stderr: imported.stderr }).toEqual({ status: 0, stderr: '' });
        expect(await fetchOnce(folder)).toEqual({ outcome: 'ok', fetched: 0, deleted: 0 });

        for (const user of way.users) await maildrops.add(user, message(`late-${user.slice(0, 3)}`));
        const removed = what.startsWith('takes') ? way.users.length : 0;
        expect(await fetchOnce(folder)).toEqual({
          outcome: 'ok',
          fetched: way.users.length,
          deleted: removed,
        });
        const after = await Promise.all(way.users.map((user) => maildrops.count(user)));
        expect(after).toEqual(counts.map((count) => (removed === 0 ? count + 1 : count)));
      },
    );
  });
});
