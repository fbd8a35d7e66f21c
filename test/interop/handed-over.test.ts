import { existsSync } from 'node:fs';
import { chmod, chown, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { createServer } from '../../src/pop3-server/index.ts';
import { readMaildir } from '../support/dovecot.ts';
import { startLmtp } from '../support/dovecot-lmtp.ts';
import { writeConfiguration } from '../support/program.ts';
import { giveUp, requirePrograms } from '../support/programs.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { fetchJson, report, sha256, stored } from './judge.ts';

/** The built program hands mail to programs and servers that others wrote; what they have stored is compared octet by octet. */

const NOBODY = 65_534;
const DOVECOT_LDA = '/usr/lib/dovecot/dovecot-lda';

const MESSAGES = [
  'Return-Path: <ann@mail.example>\r\nSubject: dots\r\n\r\n.\r\n..\r\n.dot\r\n',
  'Return-Path: <>\r\nSubject: a bounce\r\n\r\nFrom here\r\n>From there\r\n',
  'Subject: =?utf-8?q?gr=C3=BC=C3=9Fe?=\r\nFrom: b@mail.example\r\n\r\ngr\u00fc\u00dfe\r\n\r\n\r\n',
  `Subject: large\r\n\r\n${`${'x'.repeat(500)}\r\n`.repeat(4000)}`,
].map((text) => Buffer.from(text));

interface Taker {
  readonly name: string;
  readonly program: string;
  /** Prepares the folder; the command that gives mail to a Maildir in it. */
  readonly command: (folder: string) => Promise<string | readonly string[]>;
}

const TAKERS: readonly Taker[] = [
  {
    name: 'procmail',
    program: 'procmail',
    command: async (folder) => `procmail -f "$SENDER" -m DEFAULT=${folder}/mail/ /dev/null`,
  },
  {
    name: 'maildrop',
    program: 'maildrop',
    command: async (folder) => {
      await writeFile(join(folder, 'filter'), `to "${folder}/mail"\n`, { mode: 0o600 });
      for (const part of ['tmp', 'new', 'cur']) await mkdir(join(folder, 'mail', part), { recursive: true });
      return ['maildrop', './filter'];
    },
  },
  {
    name: "Dovecot's own",
    // Beside it, out of the PATH.
    program: 'dovecot',
    command: async (folder) => {
      const settings = [
        `mail_location = maildir:${folder}/mail`,
        'log_path = /dev/stderr',
        'first_valid_uid = 0',
      ];
      await writeFile(join(folder, 'lda.conf'), `${settings.join('\n')}\n`);
      await mkdir(join(folder, 'mail'));
      await chmod(folder, 0o755);
      const lda = `${DOVECOT_LDA} -c ${folder}/lda.conf -f "$SENDER"`;
      const environment = `env USER=nobody HOME=${folder}/mail`;
      if (process.getuid?.() !== 0) return `${environment} ${lda}`;
      // It gives no mail to root.
      await chown(join(folder, 'mail'), NOBODY, NOBODY);
      return `setpriv --reuid=${NOBODY} --regid=${NOBODY} --clear-groups ${environment} ${lda}`;
    },
  },
];

describe.each(TAKERS)('$name', ({ program, command }) => {
  beforeEach(requirePrograms(program));

  test('has what it took octet for octet, and only then it leaves the server', async () => {
    await using folder = await temporaryFolder();
    await using server = await createServer({
      users: { alice: { password: 'secret', messages: MESSAGES } },
    });
    const deliver = { type: 'mda', command: await command(folder.path) };
    await writeConfiguration(folder.path, { ...server.address, deliver });
    const { length } = MESSAGES;
    const bytes = MESSAGES.reduce((sum, message) => sum + message.length, 0);
    expect(await fetchJson(folder.path)).toEqual(
      report({ listed: length, fetched: length, bytes, deleted: length }),
    );
    const mail = await readMaildir(folder.at('mail'));
    expect(mail.map(sha256).sort()).toEqual(MESSAGES.map(stored).map(sha256).sort());
    expect(server.maildrop('alice').messages).toEqual([]);
  });
});

function withoutAdded(text: Buffer): string {
  return text.toString('latin1').replace(/^(?:(?:Return-Path|Delivered-To):[^\n]*\n)+/, '');
}

describe('the LMTP server of Dovecot', () => {
  beforeEach(requirePrograms('dovecot'));
  beforeEach(({ skip }) => {
    if (!existsSync('/usr/lib/dovecot/lmtp')) giveUp(skip, 'not installed here: dovecot-lmtpd');
  });

  test('has what it took below the fields that it adds, and only then it leaves the server', async () => {
    await using folder = await temporaryFolder();
    await using _ = await startLmtp(folder.path);
    await using server = await createServer({
      users: { alice: { password: 'secret', messages: MESSAGES } },
    });
    const deliver = { type: 'lmtp', socket: './lmtp', to: 'me@mail.example' };
    await writeConfiguration(folder.path, { ...server.address, deliver });
    expect(await fetchJson(folder.path)).toMatchObject({ outcome: 'ok', fetched: MESSAGES.length });
    const mail = await readMaildir(folder.at('mail'));
    expect(mail.map(withoutAdded).sort()).toEqual(MESSAGES.map(stored).map(withoutAdded).sort());
    expect(mail.map(String).join()).toContain('Return-Path: <ann@mail.example>');
    expect(server.maildrop('alice').messages).toEqual([]);
  });
});
