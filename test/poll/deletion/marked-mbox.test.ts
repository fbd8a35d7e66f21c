import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { refetchMissing } from '../../../src/poll/refetch.ts';
import { verifyDestination } from '../../../src/poll/verify.ts';
import { Ferry, mail, serve } from '../ferry.ts';

const DAY_MS = 86_400_000;
const KEPT = { deletion: { kind: 'after', milliseconds: 10 * DAY_MS } } as const;
const withField = (text: string): string => text.replace('\r\n\r\n', '\r\nStatus: O\r\nLines: 7\r\n\r\n');
const MAIL = [mail('one'), withField(mail('two')), mail('three')];

const countOf = (text: string): number => text.match(/^From /gm)?.length ?? 0;

/** As mutt writes an mbox in which all was read. */
const read = (text: string): string =>
  text
    .replaceAll(/^(?:Status|Lines): .*\n/gm, '')
    .replaceAll(/^(From .*\n(?:.+\n)+)/gm, '$1Status: RO\nContent-Length: 5\n');

/** Mail that is kept on the server for ten days, in an mbox in which all of it was read. */
async function marked(how: { readonly ledgerLost?: boolean } = {}): Promise<{
  readonly server: Awaited<ReturnType<typeof serve>>;
  readonly ferry: Ferry;
  readonly path: string;
}> {
  const server = await serve(...MAIL);
  const ferry = await Ferry.to(server.address, { account: KEPT, destinations: ['mbox'] });
  expect(await ferry.poll()).toMatchObject({ fetched: 3, kept: 3 });
  const path = ferry.folder.at('mbox');
  if (how.ledgerLost === true) {
    await ferry.loseLedger();
    expect(await ferry.poll()).toMatchObject({ fetched: 0, kept: 3 });
  }
  const text = await readFile(path, 'latin1');
  expect(read(text)).not.toBe(text);
  await writeFile(path, read(text), 'latin1');
  await ferry.restart();
  return { server, ferry, path };
}

async function missingIn(ferry: Ferry): Promise<number | undefined> {
  const destinations = await ferry.deps().openDestinations(ferry.account, ferry.ledger);
  const how = { alsoMissing: true, dryRun: false, formerPlaces: [] };
  return (await refetchMissing(destinations, ferry.ledger, how))[0]?.messages;
}

async function verified(ferry: Ferry): Promise<unknown> {
  const [mbox] = await ferry.deps().openDestinations(ferry.account, ferry.ledger);
  return mbox && (await verifyDestination(mbox, ferry.ledger));
}

describe.each([[{}], [{ ledgerLost: true }]])(
  'mail in an mbox that a mail program has marked as read, %j',
  (how) => {
    test('is verified as there, and marked', async () => {
      const { server, ferry } = await marked(how);
      await using _ = server;
      await using __ = ferry;
      expect(await verified(ferry)).toMatchObject({ intact: 0, marked: 3, changed: [], missing: [] });
    });

    test('does not come once more when what is missing is to', async () => {
      const { server, ferry, path } = await marked(how);
      await using _ = server;
      await using __ = ferry;
      expect(await missingIn(ferry)).toBe(0);
      expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 0 });
      expect(countOf(await readFile(path, 'latin1'))).toBe(3);
    });

    test('is deleted on the server when its time has come, and nothing is stored twice', async () => {
      const { server, ferry, path } = await marked(how);
      await using _ = server;
      await using __ = ferry;
      ferry.runtime.advance(11 * DAY_MS);
      for (let polls = 0; polls < 2; polls += 1)
        expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 0 });
      expect(server.maildrop('alice').messages).toHaveLength(0);
      expect(countOf(await readFile(path, 'latin1'))).toBe(3);
    });
  },
);

test.each(['one', 'three'])(
  'I1: where one of them is damaged as well, it stays on the server, and is told: %s',
  async (name) => {
    const { server, ferry, path } = await marked();
    await using _ = server;
    await using __ = ferry;
    await writeFile(
      path,
      (await readFile(path, 'latin1')).replace(`Subject: ${name}`, `Subject: ${name.replace('e', 'x')}`),
      'latin1',
    );
    ferry.runtime.advance(11 * DAY_MS);
    expect(await ferry.poll()).toMatchObject({ deleted: 2, error: { code: 'message-changed' } });
    expect(server.maildrop('alice').messages).toHaveLength(1);
  },
);

test('I1: after the ledger was put back, the marked copy of recorded mail is no equal message that comes', async () => {
  const { server, ferry, path } = await marked();
  await using _ = server;
  await using __ = ferry;
  const [state, backup] = [ferry.folder.at('state'), ferry.folder.at('backup')];
  await ferry.restart(() => cp(state, backup, { recursive: true }));
  await ferry.poll();
  await ferry.restart(async () => {
    await rm(state, { recursive: true });
    await cp(backup, state, { recursive: true, preserveTimestamps: true });
  });
  server.maildrop('alice').add(MAIL[0] as string);
  expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 1 });
  expect(countOf(await readFile(path, 'latin1'))).toBe(4);
});
