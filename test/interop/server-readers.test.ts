import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeEach, describe, expect, test } from 'vitest';
import { createServer, type Pop3Server } from '../../src/pop3-server/index.ts';
import { certificate } from '../support/certificates.ts';
import { requirePrograms } from '../support/programs.ts';
import { makesFolder } from './folder.ts';
import { sha256, stored, type TlsMode } from './judge.ts';

/** Mail programs that others wrote and people read with, against the included server. */

const run = promisify(execFile);
const IN_TERMINAL = join(import.meta.dirname, '../support/run-in-terminal.py');

const MESSAGES = [
  'From: a@mail.example\r\nSubject: dots\r\nMessage-ID: <1@mail.example>\r\n\r\n.\r\n..\r\n.a\r\nend\r\n',
  'From: b@mail.example\r\nSubject: From\r\nMessage-ID: <2@mail.example>\r\n\r\nabc\r\n\r\n>From y\r\n',
  `From: c@mail.example\r\nSubject: long\r\nMessage-ID: <3@mail.example>\r\n\r\n${'line of text\r\n'.repeat(20_000)}`,
].map((text) => Buffer.from(text, 'latin1'));
const EXPECTED = MESSAGES.map(stored).map(sha256).sort();

let folder: string;

beforeEach(requirePrograms('openssl', 'python3'));
beforeEach(makesFolder((path) => (folder = path)));
function serve(): Promise<Pop3Server> {
  const users = { alice: { password: 'secret', messages: MESSAGES } };
  return createServer({ users, tls: certificate(), tlsPort: 0 });
}

function portFor(tls: TlsMode, server: Pop3Server): number {
  return tls === 'implicit' ? (server.tlsAddress ?? server.address).port : server.address.port;
}

function environment(): NodeJS.ProcessEnv {
  return { PATH: process.env['PATH'], HOME: folder, TERM: 'vt100', LC_ALL: 'C' };
}

describe('mutt', () => {
  beforeEach(requirePrograms('mutt'));

  test.each(['none', 'starttls', 'implicit'] as const)(
    'reads every message in the maildrop itself, and deletes them (TLS: %s)',
    async (tls) => {
      await using server = await serve();
      const list = join(folder, 'sums');
      await writeFile(list, '');
      const settings = [
        'pipe_split=yes pipe_decode=no pipe_sep="" wait_key=no delete=yes quit=yes pop_delete=yes',
        `folder=${folder} certificate_file=${folder}/accepted ssl_ca_certificates_file=${folder}/ca.pem`,
        `ssl_starttls=${tls === 'starttls' ? 'yes' : 'no'} ssl_force_tls=${tls === 'none' ? 'no' : 'yes'}`,
        'pop_authenticators="user" pop_pass=secret',
      ];
      const scheme = tls === 'implicit' ? 'pops' : 'pop';
      const mailbox = `${scheme}://alice@localhost:${portFor(tls, server)}`;
      const keys =
        `<tag-pattern>~A<enter><tag-prefix><pipe-message>sha256sum >>${list}<enter>` +
        '<delete-pattern>~A<enter><quit>';
      await writeFile(join(folder, 'muttrc'), '');
      const words = ['-n', '-F', join(folder, 'muttrc'), '-f', mailbox];
      for (const setting of settings) words.push('-e', `set ${setting}`);
      words.push('-e', `push "${keys}"`);
      await run('python3', [IN_TERMINAL, 'mutt', ...words], { env: environment(), timeout: 120_000 });
      const sums = (await readFile(list, 'utf8')).replaceAll(/ .*/g, '').trim().split('\n').sort();
      expect(sums).toEqual(EXPECTED);
      expect(server.maildrop('alice').messages).toEqual([]);
    },
  );
});

describe('inc of nmh', () => {
  beforeEach(requirePrograms('inc'));

  test('incorporates every message, and takes them off the server', async () => {
    await using server = await serve();
    await writeFile(join(folder, '.mh_profile'), 'Path: Mail\n', { mode: 0o600 });
    await writeFile(join(folder, '.netrc'), 'default login alice password secret\n', { mode: 0o600 });
    await run('mkdir', ['-p', join(folder, 'Mail/inbox')]);
    const where = ['-host', '127.0.0.1', '-port', String(server.address.port), '-user', 'alice'];
    await run('/usr/bin/mh/inc', [...where, '-silent'], { env: environment(), timeout: 120_000 });
    const files = MESSAGES.map((_, index) => readFile(join(folder, 'Mail/inbox', String(index + 1))));
    expect((await Promise.all(files)).map(sha256).sort()).toEqual(EXPECTED);
    expect(server.maildrop('alice').messages).toEqual([]);
  });
});

describe('s-nail', () => {
  beforeEach(requirePrograms('s-nail'));

  test.each(['none', 'starttls', 'implicit'] as const)(
    'copies every message into an mbox, and leaves them on the server (TLS: %s)',
    async (tls) => {
      await using server = await serve();
      const scheme = tls === 'implicit' ? 'pop3s' : 'pop3';
      const url = `${scheme}://alice:secret@localhost:${portFor(tls, server)}`;
      const settings = ['v15-compat', `tls-ca-file=${join(folder, 'ca.pem')}`, 'tls-verify=strict'];
      if (tls === 'starttls') settings.push('pop3-use-starttls');
      const words = ['-:/', ...settings.flatMap((setting) => ['-S', setting])];
      words.push('-R', '-Y', `copy * ${join(folder, 'copy')}`, '-Y', 'xit', '-f', url);
      await run('s-nail', words, { env: environment(), timeout: 120_000 });
      const text = await readFile(join(folder, 'copy'), 'latin1');
      for (const message of MESSAGES) {
        const [, body = ''] = stored(message)
          .toString('latin1')
          .split(/\n\n(.*)/s);
        expect(text).toContain(body.replaceAll(/^From /gm, '>From '));
      }
      expect(server.maildrop('alice').messages).toHaveLength(3);
    },
  );
});
