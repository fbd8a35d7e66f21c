import { existsSync } from 'node:fs';
import { beforeEach, expect, test } from 'vitest';
import { createServer } from '../../src/pop3-server/index.ts';
import { readMaildir } from '../support/dovecot.ts';
import { startLmtp } from '../support/dovecot-lmtp.ts';
import { runProgram, writeConfiguration } from '../support/program.ts';
import { giveUp, requirePrograms } from '../support/programs.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** The mail of a domain, by the field in which the provider notes the recipient, to the LMTP server of Dovecot. */

beforeEach(requirePrograms('dovecot'));
beforeEach(({ skip }) => {
  if (!existsSync('/usr/lib/dovecot/lmtp')) giveUp(skip, 'not installed here: dovecot-lmtpd');
});

const MESSAGES = [
  'X-Original-To: ann@example.org\r\nTo: list@example.net\r\nSubject: one\r\n\r\n1\r\n',
  'X-Original-To: ann@example.org, nobody@example.org, "bob"@example.org\r\nX-Original-To: eve@example.org\r\nSubject: two\r\n\r\n2\r\n',
  'X-Original-To: nobody@example.org\r\nSubject: three\r\n\r\n3\r\n',
  'To: ann@example.org\r\nSubject: four\r\n\r\nX-Original-To: bob@example.org\r\n',
  'X-Original-To: victim@example.com\r\nSubject: five\r\n\r\n5\r\n',
];

async function subjectsOf(maildir: string): Promise<string[]> {
  const mail = existsSync(maildir) ? await readMaildir(maildir) : [];
  return mail.map((one) => /^Subject: (.*?)\r?$/m.exec(one.toString())?.[1] ?? '').sort();
}

test('each gets what the provider says is theirs, the postmaster what is nobody’s, and nobody anything twice', async () => {
  await using folder = await temporaryFolder();
  await using _ = await startLmtp(folder.path, ['ann', 'bob', 'post']);
  await using server = await createServer({
    users: { alice: { password: 'secret', messages: MESSAGES } },
  });
  const to = { header: 'X-Original-To', otherwise: 'post@example.org' };
  await writeConfiguration(folder.path, {
    ...server.address,
    deliver: { type: 'lmtp', socket: './lmtp', to },
    delete: 'never',
  });
  for (const fetched of [5, 0]) {
    const { status, stdout, stderr } = await runProgram(['fetch', '--json'], { cwd: folder.path });
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ outcome: 'ok', fetched, kept: 5, skipped: 0 });
    const notes = stderr.split('\n').filter((line) => line.includes('A copy went to post@example.org'));
    expect(notes).toHaveLength(fetched === 0 ? 0 : 4);
    expect(await subjectsOf(folder.at('mail/ann'))).toEqual(['one', 'two']);
    expect(await subjectsOf(folder.at('mail/bob'))).toEqual(['two']);
    expect(await subjectsOf(folder.at('mail/post'))).toEqual(['five', 'four', 'three', 'two']);
  }
  const explained = await runProgram(['explain', 'me', '2'], { cwd: folder.path });
  expect(explained.stdout).toMatch(
    /lmtp:by X-Original-To at .*ann@example\.org: 250 .*bob@example\.org: 250 /,
  );
});
