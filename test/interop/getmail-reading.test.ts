import { spawnSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { beforeEach, expect, test } from 'vitest';
import { readPeer } from '../../src/setup/peer-files.ts';
import { findProgram, requirePrograms } from '../support/programs.ts';
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts';

/** What a getmailrc means to getmail itself, by its own word, it means to the import. */

beforeEach(requirePrograms('getmail'));

interface Entry {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  readonly user: string;
  readonly passwordCommand: string;
  readonly apop: boolean;
  readonly timeout: number;
  readonly deletes: string;
  readonly limits: readonly number[];
  /** Where mail goes, if only to Maildirs and mboxes. */
  readonly places: readonly string[] | undefined;
}

/** As `getmail --dump` shows it. */
function byGetmail(folder: TemporaryFolder): Entry {
  const env = { PATH: process.env['PATH'], HOME: folder.path, LC_ALL: 'C.UTF-8' };
  const words = ['--getmaildir', folder.path, '--rcfile', folder.at('rc'), '--dump'];
  const { status, stdout, stderr } = spawnSync(findProgram('getmail') ?? '', words, {
    env,
    encoding: 'utf8',
  });
  expect({ status, said: stderr.replaceAll(/^Warning: ignoring unknown.*\n/gm, '') }).toEqual({
    status: 0,
    said: '',
  });
  const [, type = '', retriever = ''] = /^ {2}retriever: {2}(\w+)\((.*)\)$/m.exec(stdout) ?? [];
  const [, destination = ''] = /^ {2}destination: {2}(.*)$/m.exec(stdout) ?? [];
  const of = (name: string): string =>
    new RegExp(`(?:^|, )${name}="(.*?)"(?:, \\w+=|$)`).exec(retriever)?.[1] ?? '';
  const option = (name: string): string => new RegExp(`^    ${name} : (.*)$`, 'm').exec(stdout)?.[1] ?? '';
  const deletes = option('delete') === 'True' ? 'after-delivery' : `after ${option('delete_after')}d`;
  return {
    host: of('server'),
    port: Number(of('port')),
    tls: type.includes('SSL'),
    user: of('username'),
    passwordCommand: of('password_command'),
    apop: of('use_apop') === 'True',
    timeout: Number(of('timeout')),
    deletes: deletes === 'after 0d' ? 'never' : deletes,
    limits: ['max_message_size', 'max_messages_per_session', 'max_bytes_per_session'].map((name) =>
      Number(option(name)),
    ),
    places: placesOf(destination),
  };
}

function placesOf(destination: string): readonly string[] | undefined {
  if (!/^(?:Maildir|Mboxrd|MultiDestination)/.test(destination) || destination.includes('MDA_'))
    return undefined;
  return [...destination.matchAll(/(?:Maildir|Mboxrd)(?:\(.*?path="|:? ?)([^",)(]+)/g)].map(([, path = '']) =>
    path.replace(/\/$/, ''),
  );
}

async function byImport(folder: TemporaryFolder): Promise<Entry> {
  const { accounts } = await readPeer('getmail', {
    files: [folder.at('rc')],
    state: undefined,
    home: folder.path,
    localUser: userInfo().username,
  });
  const { account } = accounts[0] ?? {};
  if (account === undefined) throw new Error('no account');
  const { host, port, tls, user, password, keys, deletion } = account;
  const {
    limits = {},
    timeouts,
    auth,
  } = keys as {
    limits?: Readonly<Record<string, number>>;
    timeouts?: { idle: string };
    auth?: string;
  };
  return {
    host,
    port: port ?? (tls === 'implicit' ? 995 : 110),
    tls: tls === 'implicit',
    user,
    passwordCommand:
      password?.from === 'command'
        ? `(${[password.command]
            .flat()
            .map((it) => `'${it}'`)
            .join(', ')})`
        : '()',
    apop: auth === 'apop',
    timeout: timeouts === undefined ? 180 : Number.parseInt(timeouts.idle, 10),
    deletes: typeof deletion === 'object' ? `after ${deletion.after}` : (deletion ?? 'untold'),
    limits: ['messageSize', 'messagesPerPoll', 'bytesPerPoll'].map((name) => limits[name] ?? 0),
    places: importedPlaces(keys['deliver'], folder),
  };
}

function importedPlaces(deliver: unknown, folder: TemporaryFolder): readonly string[] | undefined {
  if (deliver === undefined) return undefined;
  const paths = [deliver].flat().map((it) => (it as { path?: string }).path?.replace('~', folder.path));
  const places = paths.filter((path) => path !== undefined);
  return places.length === paths.length ? places : undefined;
}

const PLAIN =
  '[retriever]\ntype = SimplePOP3Retriever\nserver = pop.example.org\nusername = me@example.org\n';
const TLS = PLAIN.replace('POP3', 'POP3SSL');
const MAILDIR = '[destination]\ntype = Maildir\npath = ~/Mail/\n';
const REST = `password = secret\n${MAILDIR}`;

test.each([
  `${TLS}${REST}`,
  `${PLAIN}port = 1110\ntimeout = 30\n${REST}`,
  `${TLS}port = 9995  # not the usual one\n${REST}`,
  `# mine\n\n; and theirs\n${TLS.replaceAll(' = ', ': ')}password: se;cret # all of it\n\n${MAILDIR}`,
  `${TLS.replaceAll('\n', '\r\n')}${REST.replaceAll('\n', '\r\n')}`,
  `  [retriever]\n  type = SimplePOP3SSLRetriever\n  server = pop.example.org\n  username = me\n  # why\n  password = x\n  [destination]\n    type = Maildir\n    path = ~/Mail/\n`,
  `${TLS}password_command = ("pass", "show",\n   "mail/me")\n${MAILDIR}`,
  `${TLS}password_command = ("/usr/bin/secret-tool", "lookup", "a b", "its")  # my keyring\n${MAILDIR}`,
  `${TLS}USE_APOP = on\n${REST}`,
  `${TLS}${REST}[options]\nread_all = no\ndelete = YES\nverbose = 0\n`,
  `${TLS}${REST}[options]\nread_all = false\ndelete_after = 30\nmax_message_size = 1000000\nmax_messages_per_session = 50\nmax_bytes_per_session = 9\n`,
  `${TLS}${REST}[options]\ndelete = true\ndelete_after = 5\n`,
  `[DEFAULT]\ndelete = true\nserver = other.example\nusername = other\n${TLS}${REST}[options]\nverbose = 2\n`,
  `[DEFAULT]\ndelete = true\n${TLS}${REST}`,
  `${TLS}[destination]\ntype = Mboxrd\npath = ~/box\nlocktype = flock\n`,
  `${TLS}[destination]\ntype = Mboxrd\npath = $HOME/box\n`,
  `${TLS}[destination]\ntype = MultiDestination\ndestinations = ('~/Mail/', '[copy]',)\n[copy]\ntype = Mboxrd\npath = \${HOME}/box\n`,
  `${TLS}[destination]\ntype = MultiDestination\ndestinations = (\n    "[one]",\n    "[two]",\n    )\n[one]\ntype = Maildir\npath = ~/Mail/\n[two]\ntype = MDA_external\npath = /bin/cat\nallow_root_commands = true\n`,
  `${TLS}[destination]\ntype = MDA_external\npath = /bin/cat\narguments = ("-n", "%(sender)")\nallow_root_commands = yes\n[filter-1]\ntype = Filter_external\npath = /bin/cat\nallow_root_commands = true\n`,
  `${TLS}[destination]\ntype = MultiSorter\ndefault = ~/Mail/\nlocals = (("x@example", "~/box"),)\n`,
  `${TLS}password = in-the-file\n${MAILDIR}[options]\nuse_netrc = true\n`,
  `${TLS}password = in-the-file\n${MAILDIR}[options]\nuse_netrc = true\nnetrc_file = ~/my-netrc\n`,
  `${TLS.replace('pop.example.org', 'unknown.example')}${REST}[options]\nuse_netrc = yes\n`,
  `${TLS.replace('username = me@example.org\n', '')}${MAILDIR}[options]\nuse_netrc = true\n`,
  `${TLS}ca_certs = ~/ca.pem\nssl_version = tlsv1_2\nssl_fingerprints = ("${'ab'.repeat(32)}",)\n${REST}`,
  `${TLS.replace('me@example.org', 'jürgen ö')}${REST}`,
  `${PLAIN.replace('Simple', 'Multidrop')}envelope_recipient = x-original-to:1\n${REST}`,
  `${TLS.replace('Simple', 'BrokenUIDL')}${REST}`,
  `${TLS}delete_dup_msgids = true\nfrob = 1\n${REST}[options]\nreceived = false\ndelivered_to = false\nmessage_log_syslog = 1\n`,
])('%j', async (text) => {
  await using folder = await temporaryFolder();
  for (const name of ['cur', 'new', 'tmp']) await mkdir(folder.at('Mail', name), { recursive: true });
  await writeFile(folder.at('box'), '');
  await writeFile(folder.at('ca.pem'), '');
  const netrc = 'machine other login x password y\nmachine pop.example.org login from-netrc password z\n';
  await writeFile(folder.at('.netrc'), netrc, { mode: 0o600 });
  await writeFile(folder.at('my-netrc'), netrc.replace('from-netrc', 'from-mine'), { mode: 0o600 });
  await writeFile(folder.at('rc'), text, { mode: 0o600 });
  expect(await byImport(folder)).toEqual(byGetmail(folder));
});
