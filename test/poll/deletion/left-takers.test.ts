import { readdir, rm } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import type { Account } from '../../../src/poll/account.ts';
import type { PollReport } from '../../../src/poll/report.ts';
import { systemRuntime } from '../../../src/runtime.ts';
import { imapServer, settingsFor } from '../../delivery/handed-over/imap/server.ts';
import { Ferry, type FerryOptions, mail, serve } from '../ferry.ts';
import { DAY_MS, keptFor } from '../policies.ts';

/** Mail that was kept on the server, and was handed over to somebody to whom no mail goes any more. */

type Kinds = NonNullable<FerryOptions['destinations']>;

const [ONE, TWO, THREE] = [mail('one'), mail('two'), mail('three')];
const KEPT = keptFor(10);
const CONFIRMED = { confirmDelete: true };
const ASKED = { outcome: 'partial', deleted: 0, error: { code: 'deletion-unconfirmed' } };

/** The settings of these destinations, where this account has them. */
async function settingsOf(ferry: Ferry, destinations: Kinds): Promise<Partial<Account>> {
  await using other = await Ferry.to({ host: '127.0.0.1', port: 1 }, { destinations });
  const inFolder = (text: string): string => text.replace(other.folder.path, ferry.folder.path);
  const all = JSON.parse(inFolder(JSON.stringify(other.account.destinations))) as Account['destinations'];
  return { destinations: all };
}

describe('mail that a program has taken', () => {
  async function taken(server: Awaited<ReturnType<typeof serve>>, destinations: Kinds): Promise<Ferry> {
    const ferry = await Ferry.to(server.address, { account: KEPT, destinations });
    // After the folders were made, by the clock of their file system.
    ferry.runtime.time = systemRuntime.now() + 5000;
    expect(await ferry.poll()).toMatchObject({
      outcome: 'ok',
      fetched: server.maildrop('alice').messages.length,
    });
    ferry.runtime.advance(11 * DAY_MS);
    return ferry;
  }

  test('I1: stays on the server when no mail goes to a program any more, until somebody says that it is safe', async () => {
    await using server = await serve(ONE, TWO);
    await using ferry = await taken(server, ['mda']);
    const maildir = await settingsOf(ferry, ['maildir']);
    const report: PollReport = await ferry.poll(maildir);
    expect(report).toMatchObject(ASKED);
    expect(report.error?.message).toMatch(/^2 messages .* mda:[^]* nobody can look /);
    expect(report.error?.hint).toContain('mailferry refetch --handed-over work.');
    expect(await ferry.poll(maildir, CONFIRMED)).toMatchObject({ outcome: 'ok', deleted: 2 });
  });

  test('is asked about once, whatever else that was taken there is due later', async () => {
    await using server = await serve(ONE);
    await using ferry = await taken(server, ['mda']);
    server.maildrop('alice').add(TWO);
    expect(await ferry.poll()).toMatchObject({ fetched: 1, deleted: 1 });
    server.maildrop('alice').add(THREE);
    ferry.runtime.advance(5 * DAY_MS);
    expect(await ferry.poll()).toMatchObject({ fetched: 1, deleted: 0 });
    ferry.runtime.advance(6 * DAY_MS);
    const maildir = await settingsOf(ferry, ['maildir']);
    expect(await ferry.poll(maildir)).toMatchObject(ASKED);
    expect(await ferry.poll(maildir, CONFIRMED)).toMatchObject({ outcome: 'ok', deleted: 1 });
    ferry.runtime.advance(DAY_MS);
    expect(await ferry.poll(maildir)).toMatchObject({ outcome: 'ok', deleted: 0 });
    ferry.runtime.advance(5 * DAY_MS);
    expect(await ferry.poll(maildir)).toMatchObject({ outcome: 'ok', deleted: 1 });
  });

  test('I1: is asked about again when mail has gone there once more since', async () => {
    await using server = await serve(ONE);
    await using ferry = await taken(server, ['mda']);
    const maildir = await settingsOf(ferry, ['maildir']);
    await ferry.poll(maildir);
    await ferry.poll(maildir, CONFIRMED);
    server.maildrop('alice').add(TWO);
    expect(await ferry.poll()).toMatchObject({ fetched: 1 });
    ferry.runtime.advance(11 * DAY_MS);
    expect(await ferry.poll(maildir)).toMatchObject(ASKED);
  });

  test('I1: is not answered for by a word that nobody has asked for', async () => {
    await using server = await serve(ONE);
    await using ferry = await taken(server, ['mda']);
    expect(await ferry.poll(await settingsOf(ferry, ['maildir']), CONFIRMED)).toMatchObject(ASKED);
  });

  test('is deleted where another program takes mail by now', async () => {
    await using server = await serve(ONE);
    await using ferry = await taken(server, ['mda']);
    const other = await settingsOf(ferry, ['mda-2']);
    expect(await ferry.poll(other)).toMatchObject({ outcome: 'ok', deleted: 1 });
  });

  test.each([
    ['is here, too', async () => undefined],
    [
      'was taken out of a Maildir by its owner',
      async (path: string) => {
        for (const name of await readdir(path)) await rm(`${path}/${name}`);
      },
    ],
  ])('is deleted where it %s', async (_, act) => {
    await using server = await serve(ONE);
    await using ferry = await taken(server, ['maildir', 'mda']);
    await act(ferry.folder.at('maildir/new'));
    expect(await ferry.poll(await settingsOf(ferry, ['maildir']))).toMatchObject({
      outcome: 'ok',
      deleted: 1,
    });
  });
});

test('I1: mail that was appended over IMAP stays on the server when no mail goes to a mailbox any more', async () => {
  await using server = await serve(ONE);
  await using imap = await imapServer();
  await using ferry = await Ferry.to(server.address, { account: KEPT });
  expect(await ferry.poll({ destinations: [settingsFor(imap)] })).toMatchObject({ fetched: 1 });
  ferry.runtime.advance(11 * DAY_MS);
  expect(await ferry.poll()).toMatchObject(ASKED);
  expect(server.maildrop('alice').messages).toHaveLength(1);
  expect(await ferry.poll({}, CONFIRMED)).toMatchObject({ outcome: 'ok', deleted: 1 });
});
