import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, cp, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import type { KeyPair } from './certificates.ts';
import { findProgram } from './programs.ts';

export interface DovecotUser {
  readonly password: string;
  /** The maildrop, in the order of the message numbers. */
  readonly messages?: readonly Buffer[];
  /** Instead of them, a Maildir or an mbox that is there already. Dovecot gets a copy. */
  readonly mailbox?: { readonly type: 'maildir' | 'mbox'; readonly path: string };
}

export interface DovecotOptions {
  readonly users: Readonly<Record<string, DovecotUser>>;
  /** With it there are a listener with TLS from the first octet, and STLS on the other one. */
  readonly tls?: KeyPair;
  /** The SASL mechanisms, and `apop`. Default: `plain`. */
  readonly mechanisms?: readonly string[];
  /** Who signs the certificates by which `external` lets in the user that is their common name. */
  readonly clientAuthority?: string;
  /** The secret by which tokens of OAuth are signed (JWT, HS256); their `sub` is the user. */
  readonly tokenSecret?: string;
  /** One session at a time for each maildrop, as RFC 1939 §4 wants it and Dovecot does only when told. */
  readonly lockSession?: boolean;
  /** Made for many sessions at a time, as where the mail of many lives; also reachable at these addresses. */
  readonly busy?: { readonly listen: readonly string[] };
  /** With it the same mail is served over IMAP too. */
  readonly imap?: boolean;
}

/** Where Dovecot listens; 0 where it does not. */
interface Ports {
  readonly plain: number;
  readonly tls: number;
  readonly imap: number;
  readonly imapTls: number;
}

/** Another process may take a port between our choice and Dovecot's start. */
const ATTEMPTS = 3;

/** The owner of the mail where the tests run as root: Dovecot gives no mail to root. */
const NOBODY = 65_534;

/** A Dovecot of its own, with its folder, ports and users; runs wholly as the present user if that is not root. */
export class Dovecot implements AsyncDisposable {
  readonly host = '127.0.0.1';
  readonly ports: Ports;
  readonly #process: ChildProcess;
  readonly #folder: string;
  #log: string;
  #added = 0;

  constructor(started: Started, ports: Ports, folder: string) {
    this.ports = ports;
    this.#process = started.process;
    this.#folder = folder;
    this.#log = started.log;
    this.#process.stderr?.on('data', (block: Buffer) => {
      this.#log += block.toString();
    });
  }

  /** All that it has logged. */
  get log(): string {
    return this.#log;
  }

  /** Resolves to what matches, as soon as that is logged. */
  async logged(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const found = pattern.exec(this.#log);
      if (found !== null) return found;
      await once(this.#process.stderr as NodeJS.ReadableStream, 'data');
    }
  }

  /** The Maildir that holds a user's maildrop. */
  maildropFolder(user: string): string {
    return join(this.#folder, 'mail', user);
  }

  /** What is in the maildrop, by the files on disk, in the order of their names. */
  async maildrop(user: string): Promise<Buffer[]> {
    return readMaildir(join(this.#folder, 'mail', user));
  }

  /** Adds a message at the end of the maildrop. */
  async addMessage(user: string, message: Buffer): Promise<void> {
    this.#added += 1;
    await addToMaildir(join(this.#folder, 'mail', user), message, 500_000 + this.#added);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode === null) {
      const ended = once(this.#process, 'exit');
      this.#process.kill('SIGTERM');
      await ended;
    }
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** Starts Dovecot; resolves when it listens. */
export async function startDovecot(options: DovecotOptions): Promise<Dovecot> {
  // The paths of sockets are short, so the folder must not be deep.
  const folder = await mkdtemp(join(tmpdir(), 'mailferry-dovecot-'));
  try {
    await chmod(folder, 0o755);
    await makeUsers(folder, options.users);
    if (options.tls !== undefined) {
      await writeFile(join(folder, 'cert.pem'), options.tls.cert);
      await writeFile(join(folder, 'key.pem'), options.tls.key, { mode: 0o600 });
    }
    if (options.clientAuthority !== undefined) {
      await writeFile(join(folder, 'client-ca.pem'), options.clientAuthority);
    }
    if (options.tokenSecret !== undefined) await makeTokenKey(folder, options.tokenSecret);
    for (let attempt = 1; ; attempt += 1) {
      const portIf = async (isWanted: boolean): Promise<number> => (isWanted ? freePort() : 0);
      const { tls, imap = false } = options;
      const ports = {
        plain: await freePort(),
        tls: await portIf(tls !== undefined),
        imap: await portIf(imap),
        imapTls: await portIf(imap && tls !== undefined),
      };
      await writeFile(join(folder, 'dovecot.conf'), configuration(folder, ports, options));
      const started = await start(join(folder, 'dovecot.conf'));
      if (started.listening) return new Dovecot(started, ports, folder);
      if (attempt === ATTEMPTS || !started.log.includes('Address already in use')) {
        throw new Error(`Dovecot did not start:\n${started.log}`);
      }
    }
  } catch (error) {
    await rm(folder, { recursive: true });
    throw error;
  }
}

/** The messages of a Maildir, in the order of their file names. */
export async function readMaildir(path: string): Promise<Buffer[]> {
  const files: { name: string; content: Buffer }[] = [];
  for (const folder of ['new', 'cur']) {
    for (const name of await readdir(join(path, folder))) {
      files.push({ name, content: await readFile(join(path, folder, name)) });
    }
  }
  return files.sort((one, other) => (one.name < other.name ? -1 : 1)).map(({ content }) => content);
}

/** A port of this machine on which nobody listens. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

interface Started {
  readonly process: ChildProcess;
  readonly listening: boolean;
  readonly log: string;
}

/** Dovecot logs that it starts up when it listens already. */
async function start(configurationFile: string): Promise<Started> {
  const program = findProgram('dovecot') ?? 'dovecot';
  const child = spawn(program, ['-F', '-c', configurationFile], { stdio: ['ignore', 'ignore', 'pipe'] });
  let log = '';
  return new Promise((resolve, reject) => {
    const settle = (listening: boolean): void => {
      child.stderr.off('data', onData);
      resolve({ process: child, listening, log });
    };
    const onData = (block: Buffer): void => {
      log += block.toString();
      if (/starting up for (?:imap, )?pop3/.test(log)) settle(true);
    };
    child.stderr.on('data', onData);
    child.once('error', reject);
    child.once('close', () => settle(false));
  });
}

async function makeUsers(folder: string, users: DovecotOptions['users']): Promise<void> {
  const { uid, gid } = mailOwner();
  const lines: string[] = [];
  for (const [name, user] of Object.entries(users)) {
    const path = join(folder, 'mail', name);
    await makeMaildrop(path, user);
    const location = user.mailbox?.type === 'mbox' ? `mbox:${path}:INBOX=${path}/inbox` : `maildir:${path}`;
    lines.push(`${name}:{PLAIN}${user.password}:${uid}:${gid}::${path}::userdb_mail=${location}\n`);
  }
  await writeFile(join(folder, 'users'), lines.join(''));
}

async function makeMaildrop(path: string, { messages = [], mailbox }: DovecotUser): Promise<void> {
  await mkdir(path, { recursive: true });
  if (mailbox !== undefined) {
    await cp(mailbox.path, mailbox.type === 'mbox' ? join(path, 'inbox') : path, { recursive: true });
  } else {
    for (const folder of ['new', 'cur', 'tmp']) await mkdir(join(path, folder));
    for (const [index, message] of messages.entries()) await addToMaildir(path, message, index);
  }
  await giveAway(path);
  for (const entry of await readdir(path, { recursive: true })) await giveAway(join(path, entry));
}

async function addToMaildir(path: string, message: Buffer, index: number): Promise<void> {
  const name = `${1_700_000_000 + index}.M${index}.example`;
  await writeFile(join(path, 'tmp', name), message);
  await giveAway(join(path, 'tmp', name));
  await rename(join(path, 'tmp', name), join(path, 'new', name));
}

/** Where Dovecot looks for the key of a token that names none. */
async function makeTokenKey(folder: string, secret: string): Promise<void> {
  const keys = join(folder, 'keys', 'default', 'HS256');
  await mkdir(keys, { recursive: true });
  await writeFile(join(keys, 'default'), Buffer.from(secret).toString('base64'));
  const settings = [
    'introspection_mode = local',
    `local_validation_key_dict = fs:posix:prefix=${folder}/keys/`,
    'username_attribute = sub',
  ];
  await writeFile(join(folder, 'oauth2.conf'), settings.join('\n'));
}

async function giveAway(path: string): Promise<void> {
  const { uid, gid } = mailOwner();
  if (runsAsRoot()) await chown(path, uid, gid);
}

function runsAsRoot(): boolean {
  return userInfo().uid === 0;
}

function mailOwner(): { uid: number; gid: number } {
  return runsAsRoot() ? { uid: NOBODY, gid: NOBODY } : userInfo();
}

function configuration(
  folder: string,
  ports: Ports,
  { tls, lockSession = false, busy, imap = false, ...logins }: DovecotOptions,
): string {
  const secured =
    tls === undefined
      ? 'ssl = no'
      : `ssl = yes\nssl_cert = <${folder}/cert.pem\nssl_key = <${folder}/key.pem`;
  return `
base_dir = ${folder}/run
log_path = /dev/stderr
protocols = ${imap ? 'imap ' : ''}pop3
listen = ${['127.0.0.1', ...(busy?.listen ?? [])].join(', ')}
${secured}
disable_plaintext_auth = no
auth_failure_delay = 0
first_valid_uid = 1
first_valid_gid = 1
pop3_lock_session = ${lockSession ? 'yes' : 'no'}
${runsAsRoot() ? '' : asPresentUser()}
${busy === undefined ? '' : FOR_MANY}
${imap ? imapListeners(ports) : ''}
service pop3-login {
  inet_listener pop3 {
    port = ${ports.plain}
  }
  inet_listener pop3s {
    port = ${ports.tls}
  }
}
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
${loginSettings(folder, logins)}
passdb {
  driver = passwd-file
  args = ${folder}/users
}
userdb {
  driver = passwd-file
  args = ${folder}/users
}
`;
}

function imapListeners({ imap, imapTls }: Ports): string {
  return `
service imap-login {
  ${runsAsRoot() ? '' : 'chroot ='}
  inet_listener imap {
    port = ${imap}
  }
  inet_listener imaps {
    port = ${imapTls}
  }
}
`;
}

function loginSettings(
  folder: string,
  { mechanisms = ['plain'], clientAuthority, tokenSecret }: Omit<DovecotOptions, 'users'>,
): string {
  const lines = [`auth_mechanisms = ${mechanisms.join(' ')}`, 'auth_username_format = %u'];
  if (clientAuthority !== undefined) {
    lines.push(`ssl_ca = <${folder}/client-ca.pem`, 'ssl_verify_client_cert = yes', 'ssl_require_crl = no');
    lines.push('auth_ssl_username_from_cert = yes');
    lines.push('passdb {', '  driver = static', '  mechanisms = external', '  args = nopassword', '}');
  }
  if (tokenSecret !== undefined) {
    lines.push('passdb {', '  driver = oauth2', '  mechanisms = xoauth2 oauthbearer');
    lines.push(`  args = ${folder}/oauth2.conf`, '}');
  }
  return lines.join('\n');
}

const FOR_MANY = `
service pop3-login {
  service_count = 0
  process_min_avail = 2
}
service pop3 {
  process_limit = 2000
  service_count = 100
  process_min_avail = 4
}
`;

/** Without root there is nobody to change to, and no folder to be locked up in. */
function asPresentUser(): string {
  const user = userInfo().username;
  const group = execFileSync('id', ['-gn'], { encoding: 'utf8' }).trim();
  return `
default_internal_user = ${user}
default_internal_group = ${group}
default_login_user = ${user}
service pop3-login {
  chroot =
}
service anvil {
  chroot =
}
`;
}
