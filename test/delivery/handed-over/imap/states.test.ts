import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import type { Destination, Receipt, StoredState } from '../../../../src/delivery/destination.ts';
import type { DestinationSurroundings } from '../../../../src/delivery/open-destination.ts';
import type { ImapSettings } from '../../../../src/delivery/settings.ts';
import { sha256 } from '../../../../src/message/sha256.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';
import { type Answers, imapServer, openMailbox } from './server.ts';

const [ONE, TWO] = ['Subject: one\r\n\r\none\r\n', 'Subject: two\r\n\r\ntwo\r\n'];

function receipt(location: string, message: string, messageId?: string): Receipt {
  const octets = Buffer.from(message);
  return { destination: 'imap:INBOX', location, octets: octets.length, sha256: sha256(octets), messageId };
}

/** What a server says of a message under a UID. */
const gives = (uid: number, message: string): string =>
  `* ${uid} FETCH (UID ${uid} BODY[] {${message.length}}\r\n${message})\r\n`;

/** The same of its Message-ID alone. */
function givesId(uid: number, id: string): string {
  const field = `Message-ID: ${id}\r\n\r\n`;
  return `* ${uid} FETCH (UID ${uid} BODY[HEADER.FIELDS (Message-ID)] {${field.length}}\r\n${field})\r\n`;
}

async function statesOf(destination: Destination, receipts: readonly Receipt[]): Promise<StoredState[]> {
  const states: StoredState[] = [];
  for await (const state of destination.inspect(receipts)) states.push(state);
  return states;
}

/** What becomes of that with a server that answers so, and what that has heard about messages. */
async function look(
  receipts: readonly Receipt[],
  answers: Answers,
  { around, ...changes }: Partial<ImapSettings> & { around?: Partial<DestinationSurroundings> } = {},
): Promise<{ readonly states: readonly StoredState[]; readonly asked: readonly string[] }> {
  await using folder = await temporaryFolder();
  await using server = await imapServer(answers);
  const destination = await openMailbox(folder, server, changes, around);
  const states = await statesOf(destination, receipts);
  await destination.close();
  return { states, asked: server.heard.filter((line) => line.startsWith('UID ')) };
}

describe('what has become of messages in a mailbox over IMAP', () => {
  test('is read with one command, and told in the order in which it was asked for', async () => {
    const receipts = [receipt('7:3', ONE), receipt('7:1', TWO), receipt('7:2', ONE)];
    const { states, asked } = await look(receipts, { UID: `${gives(1, ONE)}${gives(3, ONE)}OK done` });
    expect(states).toEqual(['intact', 'changed', 'missing']);
    expect(asked).toEqual(['UID FETCH 3,1,2 (UID BODY.PEEK[])', 'UID SEARCH UID 2']);
  });

  test('is not asked for where the server did not say where it is', async () => {
    expect(await look([receipt('abcd', ONE)], { greeting: '' })).toEqual({
      states: ['handed-over'],
      asked: [],
    });
  });

  describe('of a server that stores messages in a form of its own', () => {
    test('is not read, only looked for', async () => {
      const receipts = [receipt('7:1', ONE, '<1@a>'), receipt('7:2', TWO, '<2@a>')];
      const UID = [`${givesId(1, '<1@a>')}OK done`, '* SEARCH\r\nOK done'];
      const { states, asked } = await look(receipts, { UID }, { compare: false });
      expect(states).toEqual(['handed-over', 'missing']);
      expect(asked).toEqual([
        'UID FETCH 1,2 (UID BODY.PEEK[HEADER.FIELDS (Message-ID)])',
        'UID SEARCH UID 2',
      ]);
    });

    test('I1: is not taken for another message that has its UID by now', async () => {
      const UID = `${givesId(1, '<2@a>')}OK done`;
      expect((await look([receipt('7:1', ONE, '<1@a>')], { UID }, { compare: false })).states).toEqual([
        'lost',
      ]);
    });

    test('I1: is not taken for one that has a longer Message-ID, where the mailbox was made anew', async () => {
      const UID = ['* SEARCH 5\r\nOK done', `${givesId(5, '11@a')}OK done`];
      expect((await look([receipt('6:1', ONE, '1@a')], { UID }, { compare: false })).states).toEqual([
        'lost',
      ]);
    });
  });

  test('is lost with the mailbox', async () => {
    const { states } = await look([receipt('7:1', ONE)], { EXAMINE: 'NO no such', LIST: 'OK none' });
    expect(states).toEqual(['lost']);
  });

  test('I1: is lost where the mailbox was put back as it was before, so that it never had the UID', async () => {
    const EXAMINE = '* 1 EXISTS\r\n* OK [UIDVALIDITY 7] .\r\n* OK [UIDNEXT 3] .\r\nOK [READ-ONLY] done';
    const receipts = [receipt('7:1', ONE), receipt('7:2', TWO), receipt('7:3', TWO)];
    const UID = [`${gives(1, ONE)}OK done`, '* SEARCH\r\nOK done'];
    expect((await look(receipts, { EXAMINE, UID })).states).toEqual(['intact', 'missing', 'lost']);
  });

  test('I1: is lost where its UID was given to another message, and else is changed', async () => {
    const other = 'Message-ID: <other@a>\r\n\r\nother\r\n';
    const receipts = [receipt('7:1', ONE, '<1@a>'), receipt('7:2', TWO, '<2@a>')];
    const UID = `${gives(1, other)}${gives(2, 'Message-ID: <2@a>\r\n\r\nother\r\n')}OK done`;
    expect((await look(receipts, { UID })).states).toEqual(['lost', 'changed']);
  });

  test('is changed where it has come without a Message-ID, and has one now', async () => {
    const UID = `${gives(1, 'Message-ID: <1@a>\r\n\r\none\r\n')}OK done`;
    expect((await look([receipt('7:1', ONE)], { UID })).states).toEqual(['changed']);
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

    test('is found behind another message with the same Message-ID', async () => {
      const UID = ['* SEARCH 5 6\r\nOK done', `${gives(5, TWO)}OK done`, `${gives(6, ONE)}OK done`];
      expect((await look([receipt('7:1', ONE, '<1@a>')], { EXAMINE, UID })).states).toEqual(['intact']);
    });

    test('I1: is found once for each of two that are equal', async () => {
      const receipts = [receipt('7:1', ONE, '<1@a>'), receipt('7:2', ONE, '<1@a>')];
      const UID = ['* SEARCH 5\r\nOK done', `${gives(5, ONE)}OK done`, '* SEARCH 5\r\nOK done'];
      expect((await look(receipts, { EXAMINE, UID })).states).toEqual(['intact', 'lost']);
    });

    test('I1: is not found as what came since, of which a record speaks', async () => {
      const recordedAt = (places: readonly string[]): Receipt[] =>
        places.includes('8:5') ? [receipt('8:5', ONE)] : [];
      const UID = ['* SEARCH 5\r\nOK done', `${gives(5, ONE)}OK done`];
      const { states } = await look(
        [receipt('7:1', ONE, '<1@a>')],
        { EXAMINE, UID },
        { around: { recordedAt } },
      );
      expect(states).toEqual(['lost']);
    });
  });

  describe('I9: is told of the others where the server cannot read one', () => {
    const receipts = [receipt('7:1', ONE), receipt('7:2', TWO), receipt('7:3', TWO)];

    test.each([
      'NO cannot read',
      'NO [SERVERBUG] internal error',
      'BAD what?',
      '* BYE FETCH failed',
      '',
      '* 2 FETCH (UID 2 BODY[] {100}\r\nSubject:',
    ])('and says "%s"', async (answer) => {
      const UID = [answer, `${gives(1, ONE)}OK done`, answer, `${gives(3, TWO)}OK done`];
      const { states } = await look(receipts, { UID }, { timeoutMs: 1000 });
      expect(states).toEqual(['intact', 'unreadable', 'intact']);
    });

    test('and ends the session in the middle: what it had given is not asked for again', async () => {
      const UID = [`${gives(1, ONE)}* BYE FETCH failed`, '', `${gives(3, TWO)}OK done`];
      const { states, asked } = await look(receipts, { UID });
      expect(states).toEqual(['intact', 'unreadable', 'intact']);
      expect(asked.map((line) => line.split(' ')[2])).toEqual(['1,2,3', '2', '3']);
    });

    test.each([
      ['NIL', 'body[]', 'BODY[] NIL'],
      ['leaves it out', 'other', 'FLAGS ()'],
    ])('and says %s', async (_1, _2, item) => {
      const nothing = `* 2 FETCH (UID 2 ${item})\r\nOK done`;
      const UID = [
        `${gives(1, ONE)}${gives(3, TWO)}${nothing}`,
        '* SEARCH 2\r\nOK done',
        nothing,
        '* SEARCH 2\r\nOK done',
      ];
      expect((await look(receipts, { UID })).states).toEqual(['intact', 'unreadable', 'intact']);
    });
  });

  test('I1: is not missing where the server says that it has told of some only', async () => {
    const UID = `${gives(1, ONE)}NO Some of the requested messages no longer exist`;
    const { states } = await look([receipt('7:1', ONE), receipt('7:2', TWO)], { UID });
    expect(states).not.toContain('missing');
  });

  test('I1: is not missing where the mailbox got it after it was opened', async () => {
    const UID = ['OK done', '* SEARCH 1\r\nOK done', `${gives(1, ONE)}OK done`];
    expect((await look([receipt('7:1', ONE)], { UID })).states).toEqual(['intact']);
  });

  test('I1: is not intact where the server gives two messages for one', async () => {
    const UID = `${gives(1, TWO)}${gives(1, ONE)}OK done`;
    expect((await look([receipt('7:1', ONE)], { UID })).states).toEqual(['changed']);
  });

  test('is not confused by what the server says meanwhile', async () => {
    const flags =
      '* 1 FETCH (UID 1 FLAGS (\\Seen))\r\n* 2 FETCH (FLAGS ())\r\n* VANISHED 9\r\n* 1 EXPUNGE\r\n';
    const UID = `${flags}${gives(9, TWO)}${gives(1, ONE)}${flags}OK done`;
    expect((await look([receipt('7:1', ONE)], { UID })).states).toEqual(['intact']);
  });

  test('has UIDs of 32 bits, and text in quotes', async () => {
    const UID = '* 1 FETCH (UID 4294967294 BODY[] "Subject: one")\r\nOK done';
    expect((await look([receipt('7:4294967294', 'Subject: one')], { UID })).states).toEqual(['intact']);
  });

  test.each([
    ['greeting', '* BYE too many'],
    ['EXAMINE', 'NO [UNAVAILABLE] later'],
    ['EXAMINE', 'NO internal error'],
    ['UID', 'NO [INUSE] later'],
  ])('I1: is told by nobody where %s is answered with "%s"', async (command, answer) => {
    await expect(look([receipt('7:1', ONE)], { [command]: answer })).rejects.toMatchObject({
      code: 'destination-locked',
    });
  });

  test.each([
    ['ends every session', ''],
    ['is silent', 'nothing'],
  ])('I7: is told by nobody where the server %s instead of an answer', async (_, UID) => {
    const receipts = Array.from({ length: 12 }, (_none, index) => receipt(`7:${index + 1}`, ONE));
    await expect(look(receipts, { UID }, { timeoutMs: 500 })).rejects.toMatchObject({
      code: 'destination-locked',
    });
  });

  test('I7: is not waited for while the server goes on about other messages', async () => {
    await using folder = await temporaryFolder();
    await using server = await imapServer({ UID: 'nothing' });
    const chatter = setInterval(() => server.say(gives(9, TWO)), 50);
    const destination = await openMailbox(folder, server, { timeoutMs: 500 });
    expect(await statesOf(destination, [receipt('7:1', ONE)])).toEqual(['unreadable']);
    clearInterval(chatter);
    await destination.close();
  });

  test('I1: is told by nobody where the mailbox is made anew meanwhile', async () => {
    const EXAMINE = ['7', '8'].map((validity) => `* OK [UIDVALIDITY ${validity}] .\r\nOK [READ-ONLY] done`);
    await expect(look([receipt('7:1', ONE)], { EXAMINE, UID: 'OK done' })).rejects.toMatchObject({
      code: 'destination-locked',
      message: expect.stringContaining('it was just made anew'),
    });
  });

  test('is not asked for in another session by whoever was told to stop', async () => {
    await using folder = await temporaryFolder();
    await using server = await imapServer({ UID: 'nothing' });
    const destination = await openMailbox(folder, server);
    const told = expect(statesOf(destination, [receipt('7:1', ONE)])).rejects.toMatchObject({
      code: 'destination-locked',
    });
    await expect.poll(() => server.heard.some((line) => line.startsWith('UID '))).toBe(true);
    destination.abandon?.();
    await told;
    expect(server.heard.filter((line) => line.startsWith('LOGIN'))).toHaveLength(1);
    await destination.close();
  });

  test.each(['NO not with "secret"', '* BYE not with "secret"'])(
    'I5: is told without the password that the server repeats in "%s"',
    async (EXAMINE) => {
      const failure = await look([receipt('7:1', ONE)], { EXAMINE }).catch((error: unknown) => error);
      expect(inspect(failure, { depth: 9 })).toContain('does not say now');
      expect(inspect(failure, { depth: 9 })).not.toMatch(/with \\?["']secret/);
    },
  );
});
