import { describe, expect, test } from 'vitest';
import type { Destination, Receipt, StoredState } from '../../../src/delivery/destination.ts';
import type { ImapSettings } from '../../../src/delivery/settings.ts';
import { sha256 } from '../../../src/message/sha256.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { type Answers, imapServer, openMailbox } from './imap-server.ts';

const [ONE, TWO] = ['Subject: one\r\n\r\none\r\n', 'Subject: two\r\n\r\ntwo\r\n'];

function receipt(location: string, message: string, messageId?: string): Receipt {
  const octets = Buffer.from(message);
  return { destination: 'imap:INBOX', location, octets: octets.length, sha256: sha256(octets), messageId };
}

/** What a server says of a message under a UID. */
const gives = (uid: number, message: string): string =>
  `* ${uid} FETCH (UID ${uid} BODY[] {${message.length}}\r\n${message})\r\n`;

async function statesOf(destination: Destination, receipts: readonly Receipt[]): Promise<StoredState[]> {
  const states: StoredState[] = [];
  for await (const state of destination.inspect(receipts)) states.push(state);
  return states;
}

/** What becomes of that with a server that answers so, and what that has heard about messages. */
async function look(
  receipts: readonly Receipt[],
  answers: Answers,
  changes: Partial<ImapSettings> = {},
): Promise<{ readonly states: readonly StoredState[]; readonly asked: readonly string[] }> {
  await using folder = await temporaryFolder();
  await using server = await imapServer(answers);
  const destination = await openMailbox(folder, server, changes);
  const states = await statesOf(destination, receipts);
  await destination.close();
  return { states, asked: server.heard.filter((line) => line.startsWith('UID ')) };
}

describe('what has become of messages in a mailbox over IMAP', () => {
  test('is read with one command, and told in the order in which it was asked for', async () => {
    const receipts = [receipt('7:3', ONE), receipt('7:1', TWO), receipt('7:2', ONE)];
    const { states, asked } = await look(receipts, { UID: `${gives(1, ONE)}${gives(3, ONE)}OK done` });
    expect(states).toEqual(['intact', 'changed', 'missing']);
    expect(asked).toEqual([expect.stringMatching(/^UID FETCH 3,1,2 \(UID BODY\.PEEK\[\]\)$/)]);
  });

  test('is not asked for where the server did not say where it is', async () => {
    expect(await look([receipt('abcd', ONE)], { greeting: '' })).toEqual({
      states: ['handed-over'],
      asked: [],
    });
  });

  test('is not read, only looked for, where the server stores messages in a form of its own', async () => {
    const receipts = [receipt('7:1', ONE), receipt('7:2', TWO)];
    const { states, asked } = await look(
      receipts,
      { UID: '* 1 FETCH (UID 1)\r\nOK done' },
      { compare: false },
    );
    expect(states).toEqual(['handed-over', 'missing']);
    expect(asked).toEqual(['UID FETCH 1,2 UID']);
  });

  test('is lost with the mailbox', async () => {
    const { states } = await look([receipt('7:1', ONE)], { EXAMINE: 'NO no such', LIST: 'OK none' });
    expect(states).toEqual(['lost']);
  });

  test('is known by nobody where the mailbox may not be read', async () => {
    const { states } = await look([receipt('7:1', ONE)], { EXAMINE: 'NO [NOPERM] only for writing' });
    expect(states).toEqual(['handed-over']);
  });

  describe('that was made anew', () => {
    const EXAMINE = '* 2 EXISTS\r\n* OK [UIDVALIDITY 8] .\r\nOK [READ-ONLY] done';

    test('is found by Message-ID and content, else it is lost', async () => {
      const receipts = [receipt('7:1', ONE, '<1@a>'), receipt('7:2', TWO, '<2@a>'), receipt('7:3', ONE)];
      const UID = ['* SEARCH 5\r\nOK done', `${gives(5, ONE)}OK done`, '* SEARCH\r\nOK done'];
      expect((await look(receipts, { EXAMINE, UID })).states).toEqual(['intact', 'lost', 'lost']);
    });

    test('I1: is found once for each of two that are equal', async () => {
      const receipts = [receipt('7:1', ONE, '<1@a>'), receipt('7:2', ONE, '<1@a>')];
      const UID = ['* SEARCH 5\r\nOK done', `${gives(5, ONE)}OK done`, '* SEARCH 5\r\nOK done'];
      expect((await look(receipts, { EXAMINE, UID })).states).toEqual(['intact', 'lost']);
    });
  });

  test('I9: is told of the others where the server cannot read one', async () => {
    const receipts = [receipt('7:1', ONE), receipt('7:2', TWO)];
    const UID = ['NO cannot read', `${gives(1, ONE)}OK done`, 'NO cannot read'];
    expect((await look(receipts, { UID })).states).toEqual(['intact', 'unreadable']);
  });

  test('I1: is not missing where the server says that it has told of some only', async () => {
    const UID = `${gives(1, ONE)}NO Some of the requested messages no longer exist`;
    const { states } = await look([receipt('7:1', ONE), receipt('7:2', TWO)], { UID });
    expect(states).not.toContain('missing');
  });

  test.each([
    ['greeting', '* BYE too many'],
    ['EXAMINE', 'NO [UNAVAILABLE] later'],
    ['EXAMINE', 'NO something is wrong'],
    ['UID', 'NO [INUSE] later'],
    ['UID', ''],
    ['UID', 'nothing'],
    ['UID', '* 1 FETCH (UID 1 BODY[] {100}\r\nSubject:'],
  ])('I1: is told by nobody where %s is answered with "%s"', async (command, answer) => {
    await expect(
      look([receipt('7:1', ONE)], { [command]: answer }, { timeoutMs: 1000 }),
    ).rejects.toMatchObject({ code: 'destination-locked' });
  });
});
