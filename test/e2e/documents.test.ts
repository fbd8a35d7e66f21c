import { execFile } from 'node:child_process';
import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { createServer, type Pop3Server } from '../../src/pop3-server/index.ts';
import { COMMANDS } from '../docs/shown.ts';
import { RunningDaemon, writeDaemonConfiguration } from '../support/daemon.ts';
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts';

const run = promisify(execFile);
const PROGRAM = join(import.meta.dirname, '../../bin/mailferry.js');

/** What stands for something else; `test/docs/documents.test.ts` sees that the program understands it. */
const PLACEHOLDER = /[…|]|\[|\b(?:ACCOUNT|MESSAGE|PROGRAM|SHELL|FILE|NAME|PATH|UID)\b/;

/** What is not run here, and why. */
const NOT_RUN: readonly (readonly [RegExp, string])[] = [
  [/^mailferry (?:run|serve)\b/, 'goes on until it is stopped: daemon.test.ts, serve.test.ts'],
  [/^mailferry init(?: --address \S+)?$/, 'asks in a terminal: init.test.ts'],
  [/^mailferry demo$/, 'has tests of its own, and takes long: commands.test.ts'],
  [/^mailferry (?:adopt|completion|explain|export|import)$/, 'only named: it needs more words'],
];

/** What only a running daemon answers. */
const FOR_DAEMON = /^mailferry (?:status|poll|pause|resume|reload|logs)\b/;

const LINES = [...new Set(COMMANDS.map(([, line]) => line.trim()))].filter(
  (line) => !PLACEHOLDER.test(line) && !NOT_RUN.some(([what]) => what.test(line)),
);

/** A home as the documents assume it, with accounts of those names at a server of ours. */
async function home(folder: TemporaryFolder, server: Pop3Server): Promise<NodeJS.ProcessEnv> {
  await mkdir(folder.at('bin'));
  await symlink(PROGRAM, folder.at('bin/mailferry'));
  await symlink(process.execPath, folder.at('bin/node'));
  await writeFile(folder.at('bin/pass'), '#!/bin/sh\necho secret\n', { mode: 0o755 });
  await writeFile(folder.at('mail-ca.pem'), '');
  await chmod(folder.at('bin/pass'), 0o755);
  const { port } = server.address;
  const account = { port, schedule: 'every 1h', delete: 'never' };
  await writeDaemonConfiguration(
    folder.path,
    { old: { ...account, delete: 'after-delivery' }, gmail: account, archive: account },
    { notify: { to: [{ type: 'command', command: 'cat >> notices' }] } },
  );
  await writeFile(folder.at('.fetchmailrc'), 'poll mail.example.com proto pop3 user joe pass x keep ssl\n');
  await mkdir(folder.at('.config/getmail'), { recursive: true });
  for (const name of ['getmailrc', 'getmailrc-work']) {
    await writeFile(
      folder.at('.config/getmail', name),
      '[retriever]\ntype = SimplePOP3SSLRetriever\nserver = pop.example.com\nusername = joe\npassword = x\n' +
        '[destination]\ntype = Maildir\npath = ~/Mail/\n[options]\ndelete = false\n',
    );
  }
  await writeFile(
    folder.at('.mpoprc'),
    'account joe\nhost pop.example.com\nuser joe\npassword x\ntls on\ntls_starttls off\nkeep on\ndelivery maildir ~/Mail\n',
    { mode: 0o600 },
  );
  return { HOME: folder.path, PATH: `${folder.at('bin')}:/usr/bin:/bin`, LANG: 'C.UTF-8', TZ: 'UTC' };
}

function serve(): Promise<Pop3Server> {
  const messages = Array.from({ length: 15 }, (_, index) => `Subject: ${index}\r\n\r\ntext\r\n`);
  const user = { password: 'secret', messages };
  return createServer({ users: { old: user, gmail: user, archive: user, 'me@example.org': user } });
}

/** Runs a line as a person types it. Names of servers that there are not become that of ours. */
async function type(
  line: string,
  { folder, env, port }: { folder: TemporaryFolder; env: NodeJS.ProcessEnv; port: number },
): Promise<string> {
  const here = line
    .replace('--host mail.example.org --ca-file mail-ca.pem', `--host 127.0.0.1 --port ${port} --tls none`)
    .replace(/^mailferry init /, 'mailferry init --config new.yaml ');
  const { stdout, stderr } = await run('/bin/sh', ['-c', here], { cwd: folder.path, env });
  return stdout + stderr;
}

describe('what the documents show does what it should when it is typed:', () => {
  it('all that needs no daemon', async () => {
    await using folder = await temporaryFolder();
    await using pop = await serve();
    const env = await home(folder, pop);
    const { port } = pop.address;
    await type('mailferry fetch', { folder, env, port });
    const lines = LINES.filter((line) => !FOR_DAEMON.test(line));
    expect(lines.length).toBeGreaterThan(15);
    for (const line of lines) {
      // A status other than 0 raises.
      const said = await type(line, { folder, env, port });
      if (!/--quiet| > /.test(line)) expect(said).not.toBe('');
    }
  });

  it('all that asks a daemon', async () => {
    await using folder = await temporaryFolder();
    await using pop = await serve();
    const env = await home(folder, pop);
    await using daemon = new RunningDaemon(folder.path);
    for (const count of [1, 2]) {
      while (daemon.log.filter(({ msg }) => String(msg).startsWith('poll finished')).length < count) {
        await daemon.logged(/^poll finished/, daemon.log.length);
      }
    }
    const lines = LINES.filter((line) => FOR_DAEMON.test(line));
    expect(lines.length).toBeGreaterThan(2);
    for (const line of lines) {
      expect(await type(line, { folder, env, port: pop.address.port })).not.toBe('');
    }
    await daemon.end();
  });
});
