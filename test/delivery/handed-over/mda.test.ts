import { readdir, readFile, writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import type { Destination } from '../../../src/delivery/destination.ts';
import { MessageNotTaken, NoneTaken } from '../../../src/delivery/handed-over/handed-over.ts';
import { verdictOf } from '../../../src/delivery/handed-over/mda.ts';
import type { MdaSettings } from '../../../src/delivery/settings.ts';
import { sha256 } from '../../../src/message/sha256.ts';
import { type TemporaryFolder, temporaryFolder } from '../../support/temporary-folder.ts';
import { deliver, openTaker } from './deliver.ts';

const MESSAGE = 'Return-Path: <ann@mail.example>\r\nSubject: one\r\n\r\n.dot\r\nFrom here\r\n';

function open(
  folder: TemporaryFolder,
  command: MdaSettings['command'],
  changes: Partial<MdaSettings> = {},
): Promise<Destination> {
  const settings: MdaSettings = {
    type: 'mda',
    command,
    timeoutMs: 30_000,
    lineEndings: 'lf',
    folder: folder.path,
    ...changes,
  };
  return openTaker(folder, settings);
}

describe('a program that takes mail', () => {
  test.each([
    ['lf', MESSAGE.replaceAll('\r\n', '\n')],
    ['as-received', MESSAGE],
  ] as const)('I4: finds the message on its standard input, line ends %s', async (lineEndings, expected) => {
    await using folder = await temporaryFolder();
    const destination = await open(folder, 'cat > got', { lineEndings });
    const receipt = await deliver(destination, MESSAGE);
    expect(await readFile(folder.at('got'), 'latin1')).toBe(expected);
    expect(receipt).toEqual({
      destination: 'mda:cat > got',
      location: 'abcd',
      octets: expected.length,
      sha256: sha256(Buffer.from(expected)),
    });
  });

  test('is told sender, account and what the message is called', async () => {
    await using folder = await temporaryFolder();
    const told = 'printf "%s %s %s %s" "$SENDER" "$MAILFERRY_ACCOUNT" "$MAILFERRY_MESSAGE" "$OTHER" > told';
    const destination = await open(folder, told, { env: { PATH: process.env['PATH'], OTHER: 'other' } });
    await deliver(destination, MESSAGE);
    expect(await readFile(folder.at('told'), 'utf8')).toBe('ann@mail.example work abcd other');
    await deliver(destination, 'Subject: no sender\r\n\r\n');
    expect(await readFile(folder.at('told'), 'utf8')).toBe(' work abcd other');
  });

  test('gets a message that is larger than what is held in memory, and no file of it is left', async () => {
    await using folder = await temporaryFolder();
    const large = Buffer.from(`Subject: large\r\n\r\n${'x'.repeat(76)}\r\n`.repeat(20_000));
    const destination = await open(folder, ['dd', 'of=got', 'bs=1M', 'iflag=fullblock', 'status=none']);
    await deliver(destination, large);
    expect(
      (await readFile(folder.at('got'))).equals(Buffer.from(large.toString().replaceAll('\r\n', '\n'))),
    ).toBe(true);
    expect(await readdir(folder.path)).toEqual(['got']);
  });

  test('gets nothing of a message that was given up, and no file of it is left', async () => {
    await using folder = await temporaryFolder();
    const destination = await open(folder, 'cat > got');
    const draft = destination.begin();
    await draft.write(Buffer.alloc(600_000, 'x'));
    await draft.write(Buffer.alloc(600_000, 'x'));
    await draft.discard();
    await destination.close();
    expect(await readdir(folder.path)).toEqual([]);
  });

  test('takes one message after the other', async () => {
    await using folder = await temporaryFolder();
    const destination = await open(folder, 'mkdir held && cat >> all && rmdir held');
    const messages = Array.from({ length: 8 }, (_, index) => `Subject: ${index}\n\n`);
    await Promise.all(messages.map((message) => deliver(destination, message)));
    expect(await readFile(folder.at('all'), 'utf8')).toBe(messages.join(''));
  });

  test('is not started again for those that wait once it has taken none', async () => {
    await using folder = await temporaryFolder();
    const destination = await open(folder, 'echo started >> log; exit 75');
    const waiting = [1, 2, 3].map(() => deliver(destination, MESSAGE));
    expect((await Promise.allSettled(waiting)).map(({ status }) => status)).toEqual(
      Array(3).fill('rejected'),
    );
    expect(await readFile(folder.at('log'), 'utf8')).toBe('started\n');
  });

  test('has taken a message of which it did not read all, if it says so', async () => {
    await using folder = await temporaryFolder();
    const destination = await open(folder, ['true']);
    await expect(deliver(destination, Buffer.alloc(2_000_000, 'x'))).resolves.toMatchObject({
      octets: 2_000_000,
    });
  });

  test('I9: a message that it does not want is refused, with what it says', async () => {
    await using folder = await temporaryFolder();
    const destination = await open(folder, 'printf "bad\\033 header" >&2; exit 65');
    const refused = deliver(destination, MESSAGE);
    await expect(refused).rejects.toBeInstanceOf(MessageNotTaken);
    await expect(refused).rejects.toMatchObject({
      code: 'message-refused',
      message: expect.stringContaining('ended with status 65'),
      hint: expect.stringContaining('It said: bad\\x1b header'),
    });
  });

  test('I9: ten that it does not want in a row say that something is wrong with it', async () => {
    await using folder = await temporaryFolder();
    const destination = await open(folder, 'if [ -e fine ]; then rm fine; else exit 1; fi');
    const refuse = async (times: number): Promise<void> => {
      for (let time = 0; time < times; time += 1)
        await expect(deliver(destination, MESSAGE)).rejects.toMatchObject({ code: 'message-refused' });
    };
    await refuse(9);
    await writeFile(folder.at('fine'), '');
    await deliver(destination, MESSAGE);
    await refuse(9);
    await expect(deliver(destination, MESSAGE)).rejects.toMatchObject({ code: 'destination-unusable' });
  });

  test.each([
    ['that is not there', ['/no/such/program'], 'destination-unusable', 'there is no such program'],
    ['that the shell does not find', 'no-such-program-anywhere', 'destination-unusable', 'status 127'],
    ['that has no right to write', 'exit 77', 'destination-unusable', 'status 77'],
    ['that wants it later', 'exit 75', 'destination-locked', 'status 75'],
    ['that was killed', 'kill -9 $$', 'destination-locked', 'SIGKILL'],
  ] as const)('no message goes to a program %s', async (_, command, code, words) => {
    await using folder = await temporaryFolder();
    const destination = await open(folder, command);
    await expect(deliver(destination, MESSAGE)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(words),
      hint: expect.stringContaining('stays on the server'),
    });
  });

  test.each([
    ['exit 75', true],
    ['kill -SEGV $$', true],
    ['exit 77', true],
    ['no-such-program-anywhere', false],
    [['/no/such/program'], false],
  ] as const)('I9: %j may have failed for its message: %s', async (command, isMaybeItsFault) => {
    await using folder = await temporaryFolder();
    const failed = await deliver(await open(folder, command), MESSAGE).catch((error: unknown) => error);
    expect(failed instanceof NoneTaken).toBe(isMaybeItsFault);
  });

  test('I7: one that does not end is killed, and what it has started', async () => {
    await using folder = await temporaryFolder();
    const destination = await open(folder, 'sleep 1000 & echo $! > pid; wait', { timeoutMs: 300 });
    await expect(deliver(destination, MESSAGE)).rejects.toMatchObject({
      code: 'destination-locked',
      message: expect.stringContaining('has not ended within 0.3 s'),
      hint: expect.stringContaining('Raise "timeout"'),
    });
    const pid = Number(await readFile(folder.at('pid'), 'utf8'));
    await expect.poll(() => isRunning(pid)).toBe(false);
  });
});

/** A zombie runs no more. */
async function isRunning(pid: number): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => 'x (x) Z');
  return !/\) [ZX]/.test(status);
}

test.each([
  [0, 'taken'],
  [1, 'not-this'],
  [64, 'none'],
  [65, 'not-this'],
  [67, 'none'],
  [71, 'not-now'],
  [73, 'none'],
  [75, 'not-now'],
  [99, 'not-this'],
  [126, 'none'],
] as const)('status %i means %s', (status, verdict) => {
  expect(verdictOf({ how: 'exited', status, said: '' })).toBe(verdict);
});
