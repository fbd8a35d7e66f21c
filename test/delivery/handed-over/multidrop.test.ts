import { describe, expect, test } from 'vitest';
import { type Destination, PartlyDelivered } from '../../../src/delivery/destination.ts';
import { MessageNotTaken, NoneTaken } from '../../../src/delivery/handed-over/handed-over.ts';
import { sha256 } from '../../../src/message/sha256.ts';
import { type TemporaryFolder, temporaryFolder } from '../../support/temporary-folder.ts';
import { openTaker } from './deliver.ts';
import { type Answers, mailServer } from './mail-server.ts';

const TO = {
  header: 'Envelope-To',
  position: 1,
  prefix: '',
  domains: ['x.org'],
  otherwise: 'post@x.org',
};

const OF_BOTH = 'Envelope-To: ann@x.org, bob@x.org\r\nSubject: s\r\n\r\ntext\r\n';

/** A server, what it hears, and a message that is handed over to it. */
async function serve(
  folder: TemporaryFolder,
  answers: Answers = {},
  type: 'lmtp' | 'smtp' = 'lmtp',
): Promise<Awaited<ReturnType<typeof mailServer>> & { destination: Destination }> {
  const server = await mailServer({ port: 0, host: '127.0.0.1' }, answers, { perRecipient: type === 'lmtp' });
  const at = { host: '127.0.0.1', port: server.port };
  const destination = await openTaker(folder, { type, at, tls: 'none', to: TO, timeoutMs: 30_000 });
  return { ...server, destination };
}

async function deliver(destination: Destination, message = OF_BOTH, have: readonly string[] = []) {
  const draft = destination.begin();
  await draft.write(Buffer.from(message));
  return draft.commit({ tag: 'abcd', sha256: sha256(Buffer.from(message)), have });
}

/** Whom the server was asked for in each transaction that it was sent a message in, and in the others. */
function transactions(
  heard: readonly string[],
): { readonly to: readonly string[]; readonly sent: boolean }[] {
  const all: { to: string[]; sent: boolean }[] = [];
  for (const line of heard) {
    if (line.startsWith('MAIL')) all.push({ to: [], sent: false });
    const last = all.at(-1);
    const [, name] = /^RCPT TO:<([^@]*)@x\.org>$/.exec(line) ?? [];
    if (name !== undefined) last?.to.push(name);
    if (line === '.' && last !== undefined) last.sent = true;
  }
  return all;
}

/** What has come of a delivery that has failed for some. */
async function partly(delivery: Promise<unknown>): Promise<PartlyDelivered> {
  const error = await delivery.catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(PartlyDelivered);
  return error as PartlyDelivered;
}

describe.each(['lmtp', 'smtp'] as const)('a message for several, over %s', (type) => {
  test('goes to all of them in one transaction', async () => {
    await using folder = await temporaryFolder();
    await using server = await serve(folder, {}, type);
    expect(await deliver(server.destination)).toMatchObject({
      destination: `${type}:by Envelope-To at 127.0.0.1:${server.port}`,
      location: 'ann@x.org: 250 2.0.0 kept as 1234; bob@x.org: 250 2.0.0 kept as 1234',
      remark: undefined,
    });
    expect(transactions(server.heard)).toEqual([{ to: ['ann', 'bob'], sent: true }]);
  });

  test('goes to otherwise for one who is refused for good, and to the others once', async () => {
    await using folder = await temporaryFolder();
    await using server = await serve(folder, { 'RCPT TO:<bob@x.org>': '550 5.1.1 unknown' }, type);
    expect((await deliver(server.destination)).remark).toBe(
      'A copy went to post@x.org, as bob@x.org is refused: 550 5.1.1 unknown.',
    );
    expect(transactions(server.heard)).toEqual([
      { to: ['ann', 'bob'], sent: false },
      { to: ['ann', 'post'], sent: true },
    ]);
  });

  test('is sent to nobody where one is refused for now', async () => {
    await using folder = await temporaryFolder();
    await using server = await serve(folder, { 'RCPT TO:<bob@x.org>': '450 4.2.1 later' }, type);
    const delivery = deliver(server.destination);
    await expect(delivery).rejects.toMatchObject({ isForNow: true, message: /for bob@x\.org now: 450/ });
    expect(transactions(server.heard)).toEqual([{ to: ['ann', 'bob'], sent: false }]);
    expect(server.heard.join('\n')).not.toContain('Subject');
  });

  test('is refused where otherwise is refused, and is sent to nobody', async () => {
    await using folder = await temporaryFolder();
    await using server = await serve(folder, { RCPT: '550 5.1.1 unknown' }, type);
    await expect(deliver(server.destination)).rejects.toMatchObject({
      isForNow: false,
      message: /for post@x\.org: 550/,
    });
    expect(transactions(server.heard).some(({ sent }) => sent)).toBe(false);
  });

  test('without the field goes to otherwise, and that is said', async () => {
    await using folder = await temporaryFolder();
    await using server = await serve(folder, {}, type);
    const { remark } = await deliver(server.destination, 'To: ann@x.org\r\n\r\n');
    expect(remark).toBe('A copy went to post@x.org, as it has no field Envelope-To.');
    expect(transactions(server.heard)).toEqual([{ to: ['post'], sent: true }]);
  });

  test('names nobody beyond ASCII to a server that offers no SMTPUTF8', async () => {
    await using folder = await temporaryFolder();
    const message = 'Envelope-To: gr\u00fcn@x.org\r\n\r\n';
    await using plain = await serve(folder, {}, type);
    await deliver(plain.destination, message);
    expect(transactions(plain.heard)).toEqual([{ to: ['post'], sent: true }]);
    const hello = '250-mail.example\r\n250 SMTPUTF8';
    await using able = await serve(folder, { LHLO: hello, EHLO: hello }, type);
    await deliver(able.destination, message);
    expect(able.heard.slice(1, 3)).toEqual([
      'MAIL FROM:<> SMTPUTF8',
      Buffer.from('RCPT TO:<gr\u00fcn@x.org>').toString('latin1'),
    ]);
  });
});

describe('a message for several that some have, as LMTP answers for each', () => {
  test('goes to otherwise for one who is refused for good', async () => {
    await using folder = await temporaryFolder();
    await using server = await serve(folder, { '.RCPT TO:<ann@x.org>': '552 5.2.2 full' });
    const { location, remark } = await deliver(server.destination);
    expect(location).toMatch(/^bob@x\.org: 250 .*; post@x\.org: 250 /);
    expect(remark).toContain('ann@x.org is refused: 552 5.2.2 full');
    expect(transactions(server.heard)).toEqual([
      { to: ['ann', 'bob'], sent: true },
      { to: ['post'], sent: true },
    ]);
  });

  test('comes again for one who is refused for now, and to nobody else', async () => {
    await using folder = await temporaryFolder();
    await using server = await serve(folder, { '.RCPT TO:<bob@x.org>': '452 4.2.2 full' });
    const { failure, receipts } = await partly(deliver(server.destination));
    expect(failure).toBeInstanceOf(MessageNotTaken);
    expect(failure).toMatchObject({ isForNow: true });
    expect(receipts.map(({ destination }) => destination)).toEqual([
      `lmtp:ann@x.org at 127.0.0.1:${server.port}`,
    ]);
    await using later = await serve(folder);
    const have = receipts.map(({ destination }) => destination.replace(/\d+$/, String(later.port)));
    await deliver(later.destination, OF_BOTH, have);
    expect(transactions(later.heard)).toEqual([{ to: ['bob'], sent: true }]);
  });

  test.each(['', '252 perhaps'])(
    'ends the poll where the next answer is %j, and keeps who has it',
    async (answer) => {
      await using folder = await temporaryFolder();
      await using server = await serve(folder, { '.RCPT TO:<bob@x.org>': answer });
      const { failure, receipts } = await partly(deliver(server.destination));
      expect(failure).toBeInstanceOf(NoneTaken);
      expect(receipts).toHaveLength(1);
    },
  );

  test('is handed to nobody where all have it', async () => {
    await using folder = await temporaryFolder();
    await using server = await serve(folder);
    const have = ['ann', 'bob'].map((name) => `lmtp:${name}@x.org at 127.0.0.1:${server.port}`);
    expect(await deliver(server.destination, OF_BOTH, have)).toMatchObject({ location: 'taken before' });
    expect(server.heard).toEqual([]);
  });
});
