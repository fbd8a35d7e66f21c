import { describe, expect, test } from 'vitest';
import type { Destination } from '../../../src/delivery/destination.ts';
import { MessageNotTaken } from '../../../src/delivery/handed-over/handed-over.ts';
import type { MailServerSettings } from '../../../src/delivery/settings.ts';
import { sha256 } from '../../../src/message/sha256.ts';
import { type TemporaryFolder, temporaryFolder } from '../../support/temporary-folder.ts';
import { deliver, openTaker } from './deliver.ts';
import { mailServer } from './mail-server.ts';

const LOOPBACK = { port: 0, host: '127.0.0.1' } as const;

function open(
  folder: TemporaryFolder,
  at: MailServerSettings['at'],
  changes: Partial<MailServerSettings> = {},
): Promise<Destination> {
  const settings: MailServerSettings = {
    type: 'lmtp',
    at,
    tls: 'none',
    to: 'me@mail.example',
    timeoutMs: 30_000,
    ...changes,
  };
  return openTaker(folder, settings);
}

const MESSAGE = 'Return-Path: <ann@mail.example>\r\nSubject: one\r\n\r\n.\r\n..two\r\ngr\xfc\xdfe\r\n';

describe.each(['lmtp', 'smtp'] as const)('a mail server that takes mail over %s', (type) => {
  test('gets the message, and what it answers is where it is', async () => {
    await using folder = await temporaryFolder();
    await using server = await mailServer(LOOPBACK);
    const at = { host: '127.0.0.1', port: server.port };
    const receipt = await deliver(await open(folder, at, { type }), MESSAGE);
    expect(receipt).toEqual({
      destination: `${type}:me@mail.example at 127.0.0.1:${server.port}`,
      location: '250 2.0.0 kept as 1234',
      octets: MESSAGE.length,
      sha256: sha256(Buffer.from(MESSAGE, 'latin1')),
    });
    const [hello, from, to] = server.heard;
    expect(hello).toMatch(type === 'lmtp' ? /^LHLO / : /^EHLO /);
    expect(from).toBe(`MAIL FROM:<ann@mail.example> BODY=8BITMIME SIZE=${MESSAGE.length}`);
    expect(to).toBe('RCPT TO:<me@mail.example>');
    const body = server.heard.slice(server.heard.indexOf('DATA') + 1, server.heard.indexOf('.'));
    expect(body.map((line) => line.replace(/^\./, '')).join('\r\n')).toBe(MESSAGE.slice(0, -2));
  });

  test.each(['MAIL', 'RCPT', 'DATA', '.'])(
    'I9: refuses one message where it says 5xx to %s',
    async (command) => {
      await using folder = await temporaryFolder();
      await using server = await mailServer(LOOPBACK, { [command]: '554 5.7.1 \x1b[1mnot this' });
      const delivery = deliver(
        await open(folder, { host: '127.0.0.1', port: server.port }, { type }),
        MESSAGE,
      );
      await expect(delivery).rejects.toBeInstanceOf(MessageNotTaken);
      await expect(delivery).rejects.toMatchObject({
        message: expect.stringContaining('554 5.7.1 \\x1b[1mnot this'),
      });
    },
  );

  test.each([
    ['MAIL', '451 4.3.0 later'],
    ['RCPT', '450 4.2.1 later'],
    ['DATA', '421 4.3.2 closing'],
    ['.', '452 4.2.2 full'],
    ['.', ''],
    ['greeting', ''],
    ['greeting', '421 too many'],
  ])('takes none now where the answer to %s is %j', async (command, answer) => {
    await using folder = await temporaryFolder();
    await using server = await mailServer(LOOPBACK, { [command]: answer });
    const delivery = deliver(await open(folder, { host: '127.0.0.1', port: server.port }, { type }), MESSAGE);
    await expect(delivery).rejects.toMatchObject({
      code: 'destination-locked',
      hint: expect.stringContaining('stays on the POP3 server'),
    });
  });

  test.each([
    ['MAIL', '450 4.1.8 sender address rejected'],
    ['RCPT', '450 4.2.0 greylisted'],
    ['.', '451 4.7.1 try again later'],
  ])('I9: refuses one message for now where the answer to %s is %j', async (command, answer) => {
    await using folder = await temporaryFolder();
    await using server = await mailServer(LOOPBACK, { [command]: answer });
    const destination = await open(folder, { host: '127.0.0.1', port: server.port }, { type });
    for (let message = 1; message < 10; message += 1)
      await expect(deliver(destination, MESSAGE)).rejects.toMatchObject({ isForNow: true });
    await expect(deliver(destination, MESSAGE)).rejects.toMatchObject({
      code: 'destination-locked',
      message: expect.stringContaining('10 in a row'),
    });
  });

  test('I9: refuses a message that is larger than it says to take', async () => {
    await using folder = await temporaryFolder();
    const hello = '250-mail.example\r\n250 SIZE 50';
    await using server = await mailServer(LOOPBACK, { LHLO: hello, EHLO: hello });
    const destination = await open(folder, { host: '127.0.0.1', port: server.port }, { type });
    const refused = deliver(destination, MESSAGE);
    await expect(refused).rejects.toBeInstanceOf(MessageNotTaken);
    await expect(refused).rejects.toMatchObject({ code: 'message-refused' });
    await deliver(destination, 'Subject: small\r\n\r\n');
  });

  test.each(['252 perhaps', '221 bye', '2'])('I1: has not taken a message with %j', async (answer) => {
    await using folder = await temporaryFolder();
    await using server = await mailServer(LOOPBACK, { '.': answer });
    const delivery = deliver(await open(folder, { host: '127.0.0.1', port: server.port }, { type }), MESSAGE);
    await expect(delivery).rejects.toMatchObject({ code: 'destination-locked' });
  });

  test.each(['nothing', '221 bye'])('I7: keeps no line open where the goodbye is %j', async (goodbye) => {
    await using folder = await temporaryFolder();
    await using server = await mailServer(LOOPBACK, { QUIT: goodbye });
    const destination = await open(folder, { host: '127.0.0.1', port: server.port }, { type });
    for (let message = 0; message < 3; message += 1) await deliver(destination, MESSAGE);
    await expect.poll(() => server.open(), { timeout: 5000 }).toBe(0);
  });

  test('I7: takes none now where it does not answer in time', async () => {
    await using folder = await temporaryFolder();
    await using server = await mailServer(LOOPBACK, { '.': 'nothing' });
    const at = { host: '127.0.0.1', port: server.port };
    const delivery = deliver(await open(folder, at, { type, timeoutMs: 200 }), MESSAGE);
    await expect(delivery).rejects.toMatchObject({ code: 'destination-locked' });
  });

  test('is unusable where it has no service for us, or no TLS that was asked for', async () => {
    await using folder = await temporaryFolder();
    await using server = await mailServer(LOOPBACK, { greeting: '554 no service' });
    const at = { host: '127.0.0.1', port: server.port };
    const refused = deliver(await open(folder, at, { type }), MESSAGE);
    await expect(refused).rejects.toMatchObject({ code: 'destination-unusable' });
    await using open25 = await mailServer(LOOPBACK);
    const clear = { host: '127.0.0.1', port: open25.port };
    const secured = deliver(await open(folder, clear, { type, tls: 'starttls' }), MESSAGE);
    await expect(secured).rejects.toMatchObject({ code: 'destination-unusable' });
    expect(open25.heard.join()).not.toContain('Subject');
  });
});

test('a mail server may listen on a socket of this machine', async () => {
  await using folder = await temporaryFolder();
  const path = folder.at('lmtp');
  await using server = await mailServer({ path });
  const destination = await open(folder, { socket: path });
  expect(await deliver(destination, 'Subject: no sender\r\n\r\n')).toMatchObject({
    destination: `lmtp:me@mail.example at ${path}`,
  });
  expect(server.heard).toContain('MAIL FROM:<> BODY=8BITMIME SIZE=22');
});

test('a mail server that is not there takes none now', async () => {
  await using folder = await temporaryFolder();
  const destination = await open(folder, { socket: folder.at('nothing') });
  await expect(deliver(destination, MESSAGE)).rejects.toMatchObject({ code: 'destination-locked' });
});
