import { describe, expect, test } from 'vitest';
import { HandedOver } from '../../../../src/delivery/handed-over/handed-over.ts';
import { ImapMailbox } from '../../../../src/delivery/handed-over/imap/mailbox.ts';
import { FakeRuntime } from '../../../support/fake-runtime.ts';
import { type TemporaryFolder, temporaryFolder } from '../../../support/temporary-folder.ts';
import { deliver } from '../deliver.ts';
import { type FakeServer, imapServer, settingsFor } from './server.ts';

const MESSAGE = 'Message-ID: <1@mail.example>\r\n\r\none\r\n';

const NONE = '* SEARCH\r\nOK done';
const FOUND = '* SEARCH 5\r\nOK done';
const GIVEN = `* 1 FETCH (UID 5 BODY[] {${MESSAGE.length}}\r\n${MESSAGE})\r\nOK done`;

interface Opened {
  readonly destination: HandedOver;
  /** The pauses that were made. */
  readonly pauses: number[];
}

/** A mailbox whose pauses take no time but that of its clock. */
function opened(
  folder: TemporaryFolder,
  server: FakeServer,
  duringPause: () => void = () => undefined,
): Opened {
  const runtime = new FakeRuntime();
  const pauses: number[] = [];
  const pause = ((milliseconds: number) => {
    pauses.push(milliseconds);
    runtime.advance(milliseconds);
    duringPause();
    return Promise.resolve();
  }) as never;
  const around = { runtime, pause, recordedAt: () => [], recordedAs: () => [] };
  const taker = new ImapMailbox(settingsFor(server), around);
  const spoolPath = (): string => folder.at('.spool');
  return {
    destination: new HandedOver({ name: 'imap:', lineEndings: 'as-received', spoolPath, taker }),
    pauses,
  };
}

describe('I3: what was sent by a process that was killed just now', () => {
  test('is waited for, since it may come later, and is there once', async () => {
    await using folder = await temporaryFolder();
    await using server = await imapServer({ UID: [NONE, FOUND, GIVEN] });
    const { destination, pauses } = opened(folder, server);
    destination.doubt(true);
    expect(await deliver(destination, MESSAGE)).toMatchObject({ location: '7:5' });
    expect(pauses).toEqual([expect.closeTo(5000, -2)]);
    expect(server.heard).not.toContain(MESSAGE);
    await destination.close();
  });

  test('is waited for once, not for each message', async () => {
    await using folder = await temporaryFolder();
    await using server = await imapServer({ UID: NONE });
    const { destination, pauses } = opened(folder, server);
    destination.doubt(true);
    for (let count = 1; count <= 3; count += 1)
      expect(await deliver(destination, MESSAGE)).toMatchObject({ location: '7:12' });
    expect(pauses).toHaveLength(1);
    await destination.close();
  });

  test.each([
    ['once it was found', true, [FOUND, GIVEN, NONE]],
    ['where no process was killed just now', false, [NONE]],
  ])('is not waited for: %s', async (_, lately, answers) => {
    await using folder = await temporaryFolder();
    await using server = await imapServer({ UID: answers });
    const { destination, pauses } = opened(folder, server);
    destination.doubt(lately);
    for (let count = 1; count <= 2; count += 1) await deliver(destination, MESSAGE);
    expect(pauses).toEqual([]);
    await destination.close();
  });

  test('is not waited for any longer when somebody asks to stop, and nothing is given to the server', async () => {
    await using folder = await temporaryFolder();
    await using server = await imapServer({ UID: NONE });
    const { destination } = opened(folder, server, () => destination.abandon());
    destination.doubt(true);
    await expect(deliver(destination, MESSAGE)).rejects.toMatchObject({ code: 'destination-locked' });
    expect(server.heard).not.toContain(MESSAGE);
    await destination.close();
  });
});
