import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { beforeEach, describe, expect, test } from 'vitest';
import { createServer } from '../../src/pop3-server/index.ts';
import { startDovecot } from '../support/dovecot.ts';
import { runProgram } from '../support/program.ts';
import { requirePrograms } from '../support/programs.ts';
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts';

/** The programs that people come from, run first and last; Mailferry in between downloads nothing that they have. */

const run = promisify(execFile);

const MESSAGES = ['one', 'two', 'three'].map((text) =>
  Buffer.from(
    `From: ${text}@example.org\r\nMessage-ID: <${text}@example.org>\r\nSubject: ${text}\r\n\r\n${text}\r\n`,
  ),
);
const LATE = Buffer.from(
  'From: late@example.org\r\nMessage-ID: <late@example.org>\r\nSubject: late\r\n\r\nlate\r\n',
);
const USER = 'alice@example.org';
const PASSWORD = 'pa55 "w#rd';

/** A maildrop that a peer has visited before. */
interface Maildrop extends AsyncDisposable {
  readonly port: number;
  add(message: Buffer): Promise<void>;
}

const SERVERS: Readonly<Record<string, () => Promise<Maildrop>>> = {
  'the included server': async () => {
    const server = await createServer({ users: { [USER]: { password: PASSWORD, messages: MESSAGES } } });
    return {
      port: server.address.port,
      add: async (message) => void server.maildrop(USER).add(message),
      [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    };
  },
  Dovecot: async () => {
    const dovecot = await startDovecot({ users: { [USER]: { password: PASSWORD, messages: MESSAGES } } });
    return {
      port: dovecot.ports.plain,
      add: (message) => dovecot.addMessage(USER, message),
      [Symbol.asyncDispose]: () => dovecot[Symbol.asyncDispose](),
    };
  },
};

/** How a peer is set up, run and imported, and what it is given back. All paths are in `folder`. */
interface PeerCase {
  /** Writes its configuration, to keep everything on the server; what it fetches goes to the file `theirs`. */
  setUp(folder: TemporaryFolder, port: number): Promise<void>;
  fetch(folder: TemporaryFolder): Promise<void>;
  readonly file: string;
  readonly options: readonly string[];
  /** Where `export` writes to. */
  readonly memory: string;
}

const env = (folder: TemporaryFolder) => ({ PATH: process.env['PATH'], HOME: folder.path, LANG: 'C.UTF-8' });

const PEERS: Readonly<Record<string, PeerCase>> = {
  fetchmail: {
    setUp: (folder, port) =>
      writeFile(
        folder.at('.fetchmailrc'),
        `# my mail\npoll 127.0.0.1 with proto POP3 port ${port} uidl\n user "${USER}" there with password 'pa55 "w#rd'\n is root here options keep sslproto ''\n mda "cat >> ${folder.at('theirs')}; echo >> ${folder.at('count')}"\n`,
        { mode: 0o600 },
      ),
    fetch: async (folder) => {
      await run('fetchmail', ['-f', folder.at('.fetchmailrc'), '--pidfile', folder.at('pid'), '-s'], {
        env: env(folder),
      }).catch((error: { code?: number }) => {
        // It ends with 1 when there is no new mail.
        if (error.code !== 1) throw error;
      });
    },
    file: '.fetchmailrc',
    options: ['--deliver', 'maildir:Mail'],
    memory: '.fetchids',
  },
  getmail: {
    setUp: async (folder, port) => {
      await mkdir(folder.at('.getmail'), { mode: 0o700 });
      await writeFile(
        folder.at('.getmail/getmailrc'),
        `[retriever]\ntype = SimplePOP3Retriever\nserver = 127.0.0.1\nport = ${port}\nusername = ${USER}\npassword = ${PASSWORD}\n\n[destination]\ntype = MDA_external\npath = /bin/sh\narguments = ('-c', 'cat >> ${folder.at('theirs')}')\nallow_root_commands = true\n\n[options]\nread_all = false\ndelete = false\n`,
        { mode: 0o600 },
      );
    },
    fetch: async (folder) => {
      await run('getmail', ['-g', folder.at('.getmail')], { env: env(folder) });
    },
    file: '.getmail/getmailrc',
    options: ['--deliver', 'mbox:inbox'],
    memory: '.getmail',
  },
  mpop: {
    setUp: (folder, port) =>
      writeFile(
        folder.at('.mpoprc'),
        `defaults\nuidls_file ~/uidls/%U\nkeep on\n\naccount me\nhost 127.0.0.1\nport ${port}\nauth user\nuser ${USER}\npasswordeval cat ${folder.at('secret')}\ndelivery mbox ${folder.at('theirs')}\n`,
        { mode: 0o600 },
      ).then(() => writeFile(folder.at('secret'), PASSWORD)),
    fetch: async (folder) => {
      await run('mpop', ['-C', folder.at('.mpoprc'), '-a'], { env: env(folder) });
    },
    file: '.mpoprc',
    options: [],
    memory: `uidls/${USER}`,
  },
};

async function theirMessages(folder: TemporaryFolder): Promise<number> {
  const text = await readFile(folder.at('theirs'), 'latin1').catch(() => '');
  return [...text.matchAll(/^Subject: /gm)].length;
}

describe.each(Object.entries(SERVERS))('with %s', (_, start) => {
  describe.each(Object.entries(PEERS))('%s', (peer, it) => {
    beforeEach(requirePrograms(peer, 'dovecot'));

    test('hands over without a second download, and gets back all that was carried since', async () => {
      await using folder = await temporaryFolder();
      await using maildrop = await start();
      await it.setUp(folder, maildrop.port);
      await it.fetch(folder);
      expect(await theirMessages(folder)).toBe(3);

      const here = { cwd: folder.path };
      const imported = await runProgram(['import', peer, it.file, '--force', ...it.options], here);
      expect({ status: imported.status, stderr: imported.stderr }).toEqual({ status: 0, stderr: '' });
      expect(imported.stdout).toContain(`3 messages that ${peer} remembers`);
      const dry = await runProgram(['fetch', '--dry-run', '--json'], here);
      const { messages } = JSON.parse(dry.stdout) as { messages: { action: string }[] };
      expect(messages.map(({ action }) => action)).toEqual(['leave', 'leave', 'leave']);
      expect(JSON.parse((await runProgram(['fetch', '--json'], here)).stdout)).toMatchObject({
        outcome: 'ok',
        fetched: 0,
        deleted: 0,
        kept: 3,
      });

      await maildrop.add(LATE);
      expect(JSON.parse((await runProgram(['fetch', '--json'], here)).stdout)).toMatchObject({
        fetched: 1,
        kept: 4,
      });
      const exported = await runProgram(['export', peer, '--output', it.memory, '--force'], here);
      expect({ status: exported.status, stderr: exported.stderr }).toEqual({ status: 0, stderr: '' });
      const before = await theirMessages(folder);
      await it.fetch(folder);
      expect(await theirMessages(folder)).toBe(before);
    });
  });
});
