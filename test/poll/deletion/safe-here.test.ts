import { cp, mkdir, readdir, readFile, rename, rm, unlink, writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import type { DestinationSettings } from '../../../src/delivery/settings.ts';
import { refetchMissing } from '../../../src/poll/refetch.ts';
import { systemRuntime } from '../../../src/runtime.ts';
import { Ferry, mail, serve, storedAll } from '../ferry.ts';
import { DAY_MS, keptFor } from '../policies.ts';

const [ONE, TWO] = [mail('one'), mail('two')];
const KEPT = keptFor(10);

/** An account whose mail was delivered after the folder was made that it is in now, by the clock of the file system. */
async function delivered(server: { address: { host: string; port: number } }): Promise<Ferry> {
  const ferry = await Ferry.to(server.address, { account: KEPT });
  ferry.runtime.time = systemRuntime.now() + 5000;
  expect(await ferry.poll()).toMatchObject({ fetched: 2, kept: 2 });
  return ferry;
}

/** Some time before the folder is made that comes next. */
function longAgo(ferry: Ferry): void {
  ferry.runtime.time = systemRuntime.now() - 60_000;
}

/** Files that stand in the Maildir, with their folders. */
async function files(ferry: Ferry): Promise<string[]> {
  return (await readdir(ferry.folder.at('maildir/new'))).map((name) => ferry.folder.at('maildir/new', name));
}

function elsewhere(ferry: Ferry): { destinations: readonly DestinationSettings[] } {
  return { destinations: [{ type: 'maildir', path: ferry.folder.at('other'), lineEndings: 'lf' }] };
}

const UNCONFIRMED = { outcome: 'partial', deleted: 0, kept: 2, error: { code: 'deletion-unconfirmed' } };

describe('what was kept on the server for a time', () => {
  test('I1: stays there when an mbox on a new disk lacks it, until somebody says that nothing is missing', async () => {
    await using server = await serve(ONE, TWO);
    await using ferry = await Ferry.to(server.address, { account: KEPT });
    const mbox = ferry.folder.at('disk/mbox');
    const account = { destinations: [{ type: 'mbox', path: mbox }] } as const;
    expect(await ferry.poll(account)).toMatchObject({ fetched: 2 });
    const text = await readFile(mbox, 'latin1');
    await rename(ferry.folder.at('disk'), ferry.folder.at('broken disk'));
    await mkdir(ferry.folder.at('disk'));
    await writeFile(mbox, text.slice(0, text.indexOf('From ', 1)));
    ferry.runtime.advance(11 * DAY_MS);
    const asked = { outcome: 'partial', deleted: 1, error: { code: 'deletion-unconfirmed' } };
    expect(await ferry.poll(account)).toMatchObject(asked);
    expect(server.maildrop('alice').messages.map(String)).toEqual([TWO]);
    const destinations = await ferry.deps().openDestinations({ ...ferry.account, ...account }, ferry.ledger);
    const how = { alsoMissing: false, dryRun: false, formerPlaces: [] };
    expect(await refetchMissing(destinations, ferry.ledger, how)).toMatchObject([{ messages: 1 }]);
    expect(await ferry.poll(account)).toMatchObject({ outcome: 'ok', fetched: 1 });
    expect(await readFile(mbox, 'latin1')).toContain('Subject: two');
    // What its owner removes from now on counts as handed over.
    await writeFile(mbox, '');
    ferry.runtime.advance(11 * DAY_MS);
    expect(await ferry.poll(account)).toMatchObject({ outcome: 'ok', deleted: 1 });
  });

  test('counts as handed over where its owner has moved it, and is deleted there', async () => {
    await using server = await serve(ONE, TWO);
    await using ferry = await delivered(server);
    for (const file of await files(ferry)) await rm(file);
    ferry.runtime.advance(11 * DAY_MS);
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', deleted: 2 });
  });

  test.each([
    ['was made anew', async () => undefined],
    ['was put back from a backup', (copy: string, path: string) => cp(copy, path, { recursive: true })],
  ])(
    'I1: stays there when the Maildir %s, until somebody says that nothing is missing',
    async (_, restore) => {
      await using server = await serve(ONE, TWO);
      await using ferry = await Ferry.to(server.address, { account: KEPT });
      const path = ferry.folder.at('maildir');
      for (const part of ['new', 'cur', 'tmp'])
        await mkdir(ferry.folder.at('maildir', part), { recursive: true });
      await cp(path, ferry.folder.at('backup'), { recursive: true });
      longAgo(ferry);
      await ferry.poll();
      await rm(path, { recursive: true });
      await restore(ferry.folder.at('backup'), path);
      await mkdir(ferry.folder.at('maildir/cur'), { recursive: true });
      ferry.runtime.advance(11 * DAY_MS);
      expect(await ferry.poll()).toMatchObject(UNCONFIRMED);
      expect(server.maildrop('alice').messages).toHaveLength(2);
      expect(await ferry.poll({}, { confirmDelete: true })).toMatchObject({ outcome: 'ok', deleted: 2 });
    },
  );

  test('is re-read where it was delivered to, also when mail goes elsewhere by now', async () => {
    await using server = await serve(ONE, TWO);
    await using ferry = await delivered(server);
    const [first = ''] = await files(ferry);
    await writeFile(first, 'rotten');
    ferry.runtime.advance(11 * DAY_MS);
    expect(await ferry.poll(elsewhere(ferry))).toMatchObject({
      outcome: 'partial',
      deleted: 1,
      error: {
        code: 'message-changed',
        hint: expect.stringContaining('the disk may be failing, or a program has changed the file') as string,
      },
    });
  });

  test('is asked about as many, though one of the first has changed here', async () => {
    const many = Array.from({ length: 120 }, (_, index) => mail(`m${index}`));
    await using server = await serve(...many);
    await using ferry = await Ferry.to(server.address, { account: KEPT });
    ferry.runtime.time = systemRuntime.now() + 5000;
    await ferry.poll();
    const [first = ''] = (await files(ferry)).sort();
    await writeFile(first, 'rotten');
    ferry.runtime.advance(11 * DAY_MS);
    const asked = { outcome: 'partial', deleted: 0, error: { code: 'deletion-unconfirmed' } };
    expect(await ferry.poll()).toMatchObject(asked);
    expect(await ferry.poll({}, { confirmDelete: true })).toMatchObject({
      deleted: 119,
      error: { code: 'message-changed' },
    });
  });

  test('I1: is not deleted for a word about many, where nobody was told that it is lost here', async () => {
    const many = Array.from({ length: 121 }, (_, index) => mail(`m${index}`));
    await using server = await serve(...many);
    await using ferry = await Ferry.to(server.address, {
      account: KEPT,
      destinations: ['maildir', 'maildir-2'],
    });
    longAgo(ferry);
    await ferry.poll();
    const [, ...found] = await readdir(ferry.folder.at('maildir', 'new'));
    await rename(ferry.folder.at('maildir'), ferry.folder.at('put away'));
    for (const part of ['new', 'cur', 'tmp'])
      await mkdir(ferry.folder.at('maildir', part), { recursive: true });
    for (const name of found)
      await rename(ferry.folder.at('put away', 'new', name), ferry.folder.at('maildir', 'new', name));
    ferry.runtime.advance(11 * DAY_MS);
    const confirmed = { confirmDelete: true };
    expect(await ferry.poll({}, confirmed)).toMatchObject({ deleted: 120, kept: 1 });
    expect(await ferry.poll({}, confirmed)).toMatchObject({ outcome: 'ok', deleted: 1 });
  });

  test('is found where its Maildir was moved to', async () => {
    await using server = await serve(ONE, TWO);
    await using ferry = await delivered(server);
    await rename(ferry.folder.at('maildir'), ferry.folder.at('other'));
    const [first = ''] = await readdir(ferry.folder.at('other/new'));
    await writeFile(ferry.folder.at('other/new', first), 'rotten');
    ferry.runtime.advance(11 * DAY_MS);
    expect(await ferry.poll(elsewhere(ferry))).toMatchObject({
      outcome: 'partial',
      deleted: 1,
      error: { code: 'message-changed' },
    });
  });

  test('I1: stays there when the place that it was delivered to is gone', async () => {
    await using server = await serve(ONE, TWO);
    await using ferry = await delivered(server);
    await rename(ferry.folder.at('maildir'), ferry.folder.at('put away'));
    ferry.runtime.advance(11 * DAY_MS);
    expect(await ferry.poll(elsewhere(ferry))).toMatchObject(UNCONFIRMED);
    await rename(ferry.folder.at('put away'), ferry.folder.at('maildir'));
    expect(await ferry.poll(elsewhere(ferry))).toMatchObject({ outcome: 'ok', deleted: 2 });
    expect(await ferry.mail()).toEqual(storedAll(ONE, TWO));
  });
});

test('what was delivered while the clock was behind, and its owner has deleted, counts as handed over, as any', async () => {
  await using server = await serve(ONE, TWO);
  await using ferry = await Ferry.to(server.address, {
    account: keptFor(1),
  });
  ferry.runtime.time = systemRuntime.now() - 400 * DAY_MS;
  expect(await ferry.poll()).toMatchObject({ fetched: 2 });
  const [name = ''] = await readdir(ferry.folder.at('maildir', 'new'));
  await unlink(ferry.folder.at('maildir', 'new', name));
  ferry.runtime.time = systemRuntime.now();
  expect(await ferry.poll()).toMatchObject({ outcome: 'ok', deleted: 2 });
});
