import { expect, test } from 'vitest';
import type { Account } from '../../../src/poll/account.ts';
import { type Answers, imapServer, settingsFor } from '../../delivery/handed-over/imap/server.ts';
import { Ferry, mail, serve } from '../ferry.ts';

/** Mail that was appended over IMAP, to a server that has another name in the configuration when it is due to be deleted. */

const ONE = mail('one');
const NONE = '* SEARCH\r\nOK done';
const ASKED = { deleted: 0, error: { code: 'deletion-unconfirmed' } };
const GIVEN = `* 1 FETCH (UID 1 BODY[] {${ONE.length}}\r\n${ONE})\r\nOK done`;

test.each<[string, Answers, object]>([
  ['is deleted where the mailbox has it', { UID: [NONE, GIVEN] }, { outcome: 'ok', deleted: 1 }],
  ['I1: stays on the server where the mailbox does not have it', { UID: NONE }, ASKED],
  ['I1: stays on the server where there is no such mailbox', { EXAMINE: 'NO none', LIST: 'OK none' }, ASKED],
])('mail %s to which mail goes now', async (_, answers, report) => {
  await using server = await serve(ONE);
  await using imap = await imapServer({ APPEND: 'OK [APPENDUID 7 1] done', ...answers });
  await using ferry = await Ferry.to(server.address);
  const account = (host: string): Partial<Account> => ({
    destinations: [settingsFor(imap, { host })],
    deletion: { kind: 'after', milliseconds: 1000 },
  });
  expect(await ferry.poll(account('127.0.0.1'))).toMatchObject({ fetched: 1 });
  ferry.runtime.advance(2000);
  expect(await ferry.poll(account('localhost'))).toMatchObject(report);
});
