import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, chown, cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'vitest';
import { certificate } from '../../support/certificates.ts';
import { giveUp, requirePrograms, requireRoot } from '../../support/programs.ts';
import { type Maildrops, PASSWORD, type RunningServer } from './kind.ts';

/** Where `.ci/servers` unpacks the servers. */
const SERVERS = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'mailferry-test-servers');
const INETD = join(import.meta.dirname, '../../support/inetd.py');

const FIRST_USER_ID = 20_000;
const MAIL_GROUP_ID = 8;

/** Users and groups under which these servers run, by the names that are built into them. */
const SYSTEM_USERS = ['popa3d', 'courier', 'cyrus', 'spop3d'] as const;
const FIRST_SYSTEM_USER_ID = 200;

/** For `beforeEach`: skips the tests where the server has not been unpacked or cannot be run. */
export function requireServer(name: string): (context: TestContext) => void {
  return (context) => {
    requirePrograms('python3', 'openssl')(context);
    requireRoot(context);
    if (!existsSync(join(SERVERS, name))) giveUp(context.skip, `not unpacked here by .ci/servers: ${name}`);
  };
}

/** A user of the machine that the root folder pretends to be. */
interface Account {
  readonly user: string;
  readonly id: number;
}

/** A copy of an unpacked server, in which it runs by chroot. It is gone when it is disposed of, with what runs in it. */
export class RootFolder implements AsyncDisposable {
  readonly path: string;
  readonly accounts: readonly Account[];
  readonly #processes: ChildProcess[] = [];
  #log = '';

  private constructor(path: string, accounts: readonly Account[]) {
    this.path = path;
    this.accounts = accounts;
  }

  /** Makes it, with these users, whose password PAM checks. */
  static async make(server: string, users: Iterable<string>): Promise<RootFolder> {
    // The paths of sockets are short, so the folder must not be deep.
    const path = await mkdtemp(join(tmpdir(), 'mf-'));
    await chmod(path, 0o755);
    execFileSync('cp', ['-a', `${join(SERVERS, server)}/.`, path]);
    const accounts = [...users].map((user, index) => ({ user, id: FIRST_USER_ID + index }));
    const root = new RootFolder(path, accounts);
    await root.#makeUsers();
    return root;
  }

  /** A path in it, as this process sees it. */
  at(path: string): string {
    return join(this.path, path);
  }

  async write(
    path: string,
    content: string | Buffer,
    { mode = 0o644, owner = 0, group = 0 }: { mode?: number; owner?: number; group?: number } = {},
  ): Promise<void> {
    await this.makeFolder(dirname(path));
    await rm(this.at(path), { force: true });
    await writeFile(this.at(path), content, { mode });
    await chown(this.at(path), owner, group);
  }

  /** Makes a file the property of another user. */
  async giveTo(path: string, owner: number): Promise<void> {
    await chown(this.at(path), owner, owner);
  }

  async makeFolder(path: string, { mode, owner }: { mode?: number; owner?: number } = {}): Promise<void> {
    await mkdir(this.at(path), { recursive: true });
    if (mode !== undefined) await chmod(this.at(path), mode);
    if (owner !== undefined) await this.giveTo(path, owner);
  }

  /** Writes certificate and key into one file. */
  async writeCertificate(path: string, owner = 0): Promise<void> {
    const { key, cert } = certificate();
    await this.write(path, `${cert}${key}`, { mode: 0o600, owner });
  }

  /** Runs a program in it to its end. */
  run(command: readonly string[], input = ''): string {
    return execFileSync('chroot', [this.path, ...command], { input, encoding: 'utf8', stdio: 'pipe' });
  }

  /** Starts a program in it that stays in the foreground. */
  start(command: readonly string[]): ChildProcess {
    return this.#keep(
      spawn('chroot', [this.path, ...command], { detached: true, stdio: ['ignore', 'ignore', 'pipe'] }),
    );
  }

  /** Starts programs as inetd does: one for each connection. Resolves to the ports. */
  async startByInetd(
    listeners: Readonly<Record<string, readonly string[]>>,
    env: Readonly<Record<string, string>> = {},
  ): Promise<Readonly<Record<string, number>>> {
    const settings = JSON.stringify({ root: this.path, env, listeners });
    const inetd = this.#keep(
      spawn('python3', [INETD, settings], { detached: true, stdio: ['pipe', 'pipe', 'pipe'] }),
    );
    const [line] = (await once(inetd.stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
    return JSON.parse(line.toString()) as Record<string, number>;
  }

  /** The root folder as a running server. */
  serving({ plain = 0, tls = 0 }: Readonly<Record<string, number>>): RunningServer {
    const log = (): string => this.#log;
    return {
      host: '127.0.0.1',
      ports: { plain, tls },
      get log() {
        return log();
      },
      [Symbol.asyncDispose]: () => this[Symbol.asyncDispose](),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#processes) {
      if (child.pid === undefined || child.exitCode !== null) continue;
      const ended = once(child, 'exit');
      // With all that it has started: each leads a group of its own.
      process.kill(-child.pid, 'SIGKILL');
      await ended;
    }
    await rm(this.path, { recursive: true, force: true, maxRetries: 5 });
  }

  #keep(child: ChildProcess): ChildProcess {
    this.#processes.push(child);
    child.stderr?.on('data', (block: Buffer) => {
      this.#log += block.toString('latin1');
    });
    return child;
  }

  async #makeUsers(): Promise<void> {
    const system = SYSTEM_USERS.map((user, index) => ({ user, id: FIRST_SYSTEM_USER_ID + index }));
    const all = [{ user: 'root', id: 0 }, { user: 'nobody', id: 65_534 }, ...system, ...this.accounts];
    const passwd = all.map(({ user, id }) => `${user}:x:${id}:${id}::/home/${user}:/bin/sh\n`);
    const group = all.map(({ user, id }) => `${user}:x:${id}:\n`);
    const hash = passwordHash();
    const people = new Set(this.accounts.map(({ user }) => user));
    const shadow = all.map(({ user }) => `${user}:${people.has(user) ? hash : '*'}:19000:0:99999:7:::\n`);
    await this.write('/etc/passwd', passwd.join(''));
    await this.write('/etc/group', [...group, `mail:x:${MAIL_GROUP_ID}:\n`].join(''));
    await this.write('/etc/shadow', shadow.join(''), { mode: 0o600 });
    await rm(this.at('/etc/pam.d'), { recursive: true, force: true });
    await this.write('/etc/pam.d/other', 'auth required pam_unix.so nodelay\naccount required pam_unix.so\n');
    await this.write('/dev/null', '', { mode: 0o666 });
    for (const { user, id } of this.accounts) await this.makeFolder(`/home/${user}`, { owner: id });
  }
}

/** The number of a user under which a server runs. */
export function systemUserId(user: (typeof SYSTEM_USERS)[number]): number {
  return FIRST_SYSTEM_USER_ID + SYSTEM_USERS.indexOf(user);
}

/** As /etc/shadow has it. */
export function passwordHash(): string {
  return execFileSync('openssl', ['passwd', '-6', '-stdin'], { input: PASSWORD, encoding: 'utf8' }).trim();
}

/** Puts each maildrop into an mbox where mail is spooled. */
export async function spoolMail(root: RootFolder, maildrops: Maildrops): Promise<void> {
  await root.makeFolder('/var/mail', { mode: 0o1777 });
  for (const { user, id } of root.accounts) {
    const mbox = (maildrops.get(user) ?? []).map(asMboxEntry);
    const owned = { mode: 0o660, owner: id, group: MAIL_GROUP_ID };
    await root.write(`/var/mail/${user}`, Buffer.concat(mbox), owned);
  }
}

function asMboxEntry(message: Buffer): Buffer {
  const lines = message
    .toString('latin1')
    .replaceAll('\r\n', '\n')
    .replaceAll(/^(?=>*From )/gm, '>');
  const whole = lines === '' || lines.endsWith('\n') ? lines : `${lines}\n`;
  // A header without an empty line would take the one between two messages for its own.
  const end = /^\n|\n\n/.test(whole) ? '\n' : '\n\n';
  return Buffer.from(`From sender@mail.example Thu Jan  1 00:00:00 2026\n${whole}${end}`, 'latin1');
}

/** Copies files of this machine to the same place in the root folder. */
export async function copyIn(root: RootFolder, ...paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    await root.makeFolder(dirname(path));
    await cp(path, root.at(path), { dereference: true });
  }
}
