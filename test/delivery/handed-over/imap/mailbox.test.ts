import { describe, expect, test, vi } from 'vitest';
import type { Destination, Receipt } from '../../../../src/delivery/destination.ts';
import { MaybeTaken, MessageNotTaken } from '../../../../src/delivery/handed-over/handed-over.ts';
import { sha256 } from '../../../../src/message/sha256.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';
import { deliver } from '../deliver.ts';
import { type Answers, imapServer, openMailbox } from './server.ts';

const MESSAGE = 'Message-ID: <1@mail.example>\r\nSubject: one\r\n\r\n.\r\ngr\xfc\xdfe\r\n';

const append = (destination: Destination, message = MESSAGE): Promise<Receipt> =>
  deliver(destination, message);

describe('a mailbox on an IMAP server', () => {
  test('gets each message in one session, and where the server has put it is where it is', async () => {
    await using folder = await temporaryFolder();
    await using server = await imapServer({
      APPEND: ['OK [APPENDUID 7 12] done', 'OK [APPENDUID 7 13] done'],
    });
    const destination = await openMailbox(folder, server);
    expect(await append(destination)).toEqual({
      destination: `imap:INBOX of me at 127.0.0.1:${server.port}`,
      location: '7:12',
      octets: MESSAGE.length,
      sha256: sha256(Buffer.from(MESSAGE, 'latin1')),
    });
    expect(await append(destination)).toMatchObject({ location: '7:13' });
    await destination.close();
    expect(server.heard.filter((line) => line.startsWith('LOGIN'))).toHaveLength(1);
    expect(server.heard.filter((text) => text === MESSAGE)).toHaveLength(2);
    expect(server.heard.at(-1)).toBe('LOGOUT');
  });

  test('is not looked for before there is a message for it', async () => {
    await using folder = await temporaryFolder();
    await using server = await imapServer({ greeting: '' });
    const destination = await openMailbox(folder, server);
    await destination.close();
    expect(server.heard).toEqual([]);
  });

  test('is known by our own mark of the message where the server does not say where that is', async () => {
    await using folder = await temporaryFolder();
    await using server = await imapServer({ CAPABILITY: '* CAPABILITY IMAP4rev1\r\nOK', APPEND: 'OK done' });
    expect(await append(await openMailbox(folder, server))).toMatchObject({ location: 'abcd' });
  });

  test('is made where it is not there', async () => {
    await using folder = await temporaryFolder();
    await using server = await imapServer({ APPEND: ['NO [TRYCREATE] none', 'OK [APPENDUID 7 1] done'] });
    const destination = await openMailbox(folder, server, { mailbox: 'Old' });
    expect(await append(destination)).toMatchObject({ location: '7:1' });
    expect(server.heard).toContain('CREATE Old');
  });

  test('I9: that cannot be made is told as that, and not of each message', async () => {
    await using folder = await temporaryFolder();
    await using server = await imapServer({ APPEND: 'NO [TRYCREATE] none', CREATE: 'NO not here' });
    await expect(append(await openMailbox(folder, server, { mailbox: 'Old' }))).rejects.toMatchObject({
      code: 'destination-unusable',
      message: expect.stringContaining('has no mailbox Old, and does not make it, saying "not here".'),
    });
  });

  test('is asked again in another session when one has ended meanwhile', async () => {
    await using folder = await temporaryFolder();
    await using server = await imapServer({
      APPEND: ['OK [APPENDUID 7 1] done\r\n* BYE tired', 'OK [APPENDUID 7 2] done'],
    });
    const destination = await openMailbox(folder, server);
    await append(destination);
    expect(await append(destination)).toMatchObject({ location: '7:2' });
  });

  test.each([
    ['NO [OVERQUOTA] full', MESSAGE],
    ['NO not this one', MESSAGE],
    ['NO Some of the requested messages no longer exist', MESSAGE],
    ['OK done', `${MESSAGE}\0`],
  ])('I9: one message that it does not take keeps no other from it: %s', async (answer, message) => {
    await using folder = await temporaryFolder();
    await using server = await imapServer({
      APPEND: answer.startsWith('OK') ? answer : [answer, 'OK [APPENDUID 7 3] done'],
    });
    const destination = await openMailbox(folder, server);
    await expect(append(destination, message)).rejects.toBeInstanceOf(MessageNotTaken);
    await expect(append(destination)).resolves.toMatchObject({ octets: MESSAGE.length });
  });

  test('is not waited for when somebody asks to stop while it does not greet', async () => {
    await using folder = await temporaryFolder();
    await using server = await imapServer({ greeting: 'nothing' });
    const destination = await openMailbox(folder, server);
    const delivery = append(destination);
    await vi.waitUntil(() => server.lines() === 1);
    destination.abandon?.();
    await expect(delivery).rejects.toMatchObject({ code: 'destination-locked' });
  });

  test.each(['', 'nothing'])('I3: is in doubt where APPEND is answered with "%s"', async (answer) => {
    await using folder = await temporaryFolder();
    await using server = await imapServer({ APPEND: answer });
    const destination = await openMailbox(folder, server, { timeoutMs: 1000 });
    await expect(append(destination)).rejects.toBeInstanceOf(MaybeTaken);
    await destination.close();
  });

  test('I3: is in doubt about a message that was given up while it was under way', async () => {
    await using folder = await temporaryFolder();
    await using server = await imapServer({ APPEND: 'nothing' });
    const destination = await openMailbox(folder, server);
    const delivery = append(destination);
    const refused = expect(delivery).rejects.toBeInstanceOf(MaybeTaken);
    await vi.waitUntil(() => server.heard.includes(MESSAGE));
    destination.abandon?.();
    await refused;
    await destination.close();
  });

  test.each([
    ['UID', 'NO [INUSE] later'],
    ['UID', ''],
    ['UID', 'nothing'],
    ['EXAMINE', 'NO [UNAVAILABLE] later'],
  ])('I3: stays in doubt where %s is answered with "%s"', async (command, answer) => {
    await using folder = await temporaryFolder();
    await using server = await imapServer({ [command]: answer });
    const destination = await openMailbox(folder, server, { timeoutMs: 1000 });
    await destination.recover({ tags: new Set(), intents: [] });
    await expect(append(destination)).rejects.toBeInstanceOf(MaybeTaken);
    expect(server.heard).not.toContain(MESSAGE);
    await destination.close();
  });

  test.each([
    ['UID', 'NO cannot search'],
    ['UID', 'BAD what'],
    ['EXAMINE', 'NO only for writing'],
  ])('gets what may be there already where that can never be seen: %s %s', async (command, answer) => {
    await using folder = await temporaryFolder();
    await using server = await imapServer({ [command]: answer });
    const destination = await openMailbox(folder, server);
    await destination.recover({ tags: new Set(), intents: [] });
    await expect(append(destination)).resolves.toMatchObject({ location: '7:12' });
    await destination.close();
  });

  test('is closed after it was looked at, since Courier takes no mail for one that is open for reading only', async () => {
    await using folder = await temporaryFolder();
    await using server = await imapServer({ UID: '* SEARCH\r\nOK done' });
    const destination = await openMailbox(folder, server);
    await destination.recover({ tags: new Set(), intents: [] });
    await append(destination);
    const commands = server.heard.map((line) => line.split(' ')[0]);
    expect(commands.slice(commands.indexOf('EXAMINE'), -1)).toEqual(['EXAMINE', 'UID', 'CLOSE', 'APPEND']);
    await destination.close();
  });

  test('gets lines that end with CRLF, however they came: Cyrus takes no others', async () => {
    await using folder = await temporaryFolder();
    await using server = await imapServer();
    const message = 'Subject: one\n\nbare\r\n\rcr\nend';
    const destination = await openMailbox(folder, server);
    const given = 'Subject: one\r\n\r\nbare\r\n\rcr\r\nend';
    expect(await append(destination, message)).toMatchObject({ sha256: sha256(Buffer.from(given)) });
    expect(server.heard).toContain(given);
    await destination.close();
  });

  test('I3: is searched for the part of a Message-ID that is ASCII', async () => {
    await using folder = await temporaryFolder();
    const message = 'Message-ID: <gr\xfc\xdfe@mail.example>\r\n\r\none\r\n';
    await using server = await imapServer({
      UID: ['* SEARCH 5\r\nOK done', `* 1 FETCH (UID 5 BODY[] {${message.length}}\r\n${message})\r\nOK done`],
    });
    const destination = await openMailbox(folder, server);
    await destination.recover({ tags: new Set(), intents: [] });
    expect(await append(destination, message)).toMatchObject({ location: '7:5' });
    expect(server.heard.join('\n')).toMatch(/UID SEARCH HEADER MESSAGE-ID "?e@mail\.example>"?$/m);
    await destination.close();
  });

  test.each([
    ['lines that end with two CRs', 'one\r\r\ntwo\r\n', 'one\r\ntwo\r\n'],
    ['no line end at its end', 'one', 'one\r\n'],
    ['a CR at its end', 'one\r', 'one'],
    ['a NUL', 'one\0two\r\n', 'one\x80two\r\n'],
  ])('I3: is found though the server gives it back otherwise: %s', async (_, body, given) => {
    await using folder = await temporaryFolder();
    const header = 'Message-ID: <1@mail.example>\r\n\r\n';
    const there = header + given;
    await using server = await imapServer({
      CAPABILITY: '* CAPABILITY IMAP4rev1 UIDPLUS BINARY\r\nOK done',
      UID: ['* SEARCH 5\r\nOK done', `* 1 FETCH (UID 5 BODY[] {${there.length}}\r\n${there})\r\nOK done`],
    });
    const destination = await openMailbox(folder, server);
    destination.doubt?.(false);
    expect(await append(destination, header + body)).toMatchObject({ location: '7:5' });
    await destination.close();
  });

  test.each([
    ['greeting', '', 'destination-locked'],
    ['greeting', 'nothing', 'destination-locked'],
    ['greeting', '* BYE too many', 'destination-locked'],
    ['LOGIN', 'NO [AUTHENTICATIONFAILED] wrong', 'destination-unusable'],
    ['LOGIN', 'NO [UNAVAILABLE] later', 'destination-locked'],
    ['LOGIN', '', 'destination-locked'],
  ])(
    'I9: takes nothing, and is in no doubt, where %s is answered with "%s"',
    async (command, answer, code) => {
      await using folder = await temporaryFolder();
      await using server = await imapServer({ [command]: answer });
      const destination = await openMailbox(folder, server, { timeoutMs: 1000 });
      const delivery = append(destination);
      await expect(delivery).rejects.toMatchObject({ code });
      await expect(delivery).rejects.not.toBeInstanceOf(MaybeTaken);
      await destination.close();
    },
  );

  test.each(['NO me, with the password secret, may not', 'NO bad c2VjcmV0'])(
    'I5: shows no password that it repeats: %s',
    async (answer) => {
      await using folder = await temporaryFolder();
      await using server = await imapServer({ LOGIN: answer });
      await expect(append(await openMailbox(folder, server))).rejects.toMatchObject({
        message: expect.stringMatching(/^(?!.*(?:secret|c2VjcmV0)).*\*\*\*/),
      });
    },
  );

  test('I5: gets no password without TLS where it does not offer any', async () => {
    await using folder = await temporaryFolder();
    await using server = await imapServer();
    const delivery = append(await openMailbox(folder, server, { tls: 'starttls', timeoutMs: 5000 }));
    await expect(delivery).rejects.toMatchObject({ code: 'destination-unusable' });
    expect(server.heard.join()).not.toContain('secret');
  });
});

/** As the server gives them to whoever looks for a message with the Message-ID of `MESSAGE`: all are that one. */
const standing = (uids: readonly number[]): Answers => ({
  UID: [
    `* SEARCH ${uids.join(' ')}\r\nOK done`,
    ...uids.map((uid) => `* 1 FETCH (UID ${uid} BODY[] {${MESSAGE.length}}\r\n${MESSAGE})\r\nOK done`),
  ],
});

test('I3: a message that is looked for is not taken for another one with its Message-ID', async () => {
  await using folder = await temporaryFolder();
  const other = MESSAGE.replace('Subject: one', 'Subject: two');
  await using server = await imapServer({
    UID: ['* SEARCH 5\r\nOK done', `* 1 FETCH (UID 5 BODY[] {${other.length}}\r\n${other})\r\nOK done`],
  });
  const destination = await openMailbox(folder, server);
  destination.doubt?.(false);
  expect(await append(destination)).toMatchObject({ location: '7:12' });
  expect(server.heard).toContain(MESSAGE);
  await destination.close();
});

describe('I1: a message that is looked for is not taken for an equal one', () => {
  test('that another account has just appended there, and of which no record speaks yet', async () => {
    await using folder = await temporaryFolder();
    await using server = await imapServer({
      ...standing([12]),
      APPEND: ['OK [APPENDUID 7 12] done', 'OK [APPENDUID 7 13] done'],
    });
    const other = await openMailbox(folder, server);
    expect(await append(other)).toMatchObject({ location: '7:12' });
    const destination = await openMailbox(folder, server);
    destination.doubt?.(false);
    expect(await append(destination)).toMatchObject({ location: '7:13' });
    await Promise.all([other.close(), destination.close()]);
  });

  test.each([
    ['one of which is its own', [5, 6], '7:6'],
    ['none of which is its own', [5], 'abcd'],
  ])(
    'of which a record says that it is there, and the server has not said where: %s',
    async (_, uids, place) => {
      await using folder = await temporaryFolder();
      await using server = await imapServer({
        ...standing(uids),
        CAPABILITY: '* CAPABILITY IMAP4rev1\r\nOK done',
        APPEND: 'OK done',
      });
      const recorded = { destination: 'imap:', location: 'tag', octets: MESSAGE.length, sha256: '' };
      const destination = await openMailbox(folder, server, {}, { recordedAs: () => [recorded] });
      destination.doubt?.(false);
      expect(await append(destination)).toMatchObject({ location: place });
      await destination.close();
    },
  );
});
