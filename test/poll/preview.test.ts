import { cp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import type { Account } from '../../src/poll/account.ts';
import { previewAccount } from '../../src/poll/preview.ts';
import { refetchMissing } from '../../src/poll/refetch.ts';
import { createServer } from '../../src/pop3-server/index.ts';
import { imapServer, imapSettings } from '../delivery/handed-over/imap-server.ts';
import { Ferry, mail, serve } from './ferry.ts';

const CONTROL = { stop: new AbortController().signal, abort: new AbortController().signal };
const DAY_MS = 86_400_000;
const [ONE, TWO, THREE] = [mail('one'), mail('two'), mail('three')] as const;

function withAbort(): { readonly signal: AbortSignal; readonly abort: () => void } {
  const controller = new AbortController();
  return { signal: controller.signal, abort: () => controller.abort() };
}

async function emptied(folder: string): Promise<void> {
  for (const name of await readdir(folder)) await rm(`${folder}/${name}`);
}

describe('a preview', () => {
  test('gives the plan of a poll with reasons, and changes nothing', async () => {
    await using server = await createServer({
      users: { alice: { password: 'secret', messages: [ONE, TWO] } },
    });
    await using ferry = await Ferry.to(server.address);
    await ferry.poll();
    server.maildrop('alice').add(THREE);
    ferry.takeCommands();
    const account = { ...ferry.account, deletion: { kind: 'after-delivery' } } as const;
    const preview = await previewAccount(account, ferry.deps(), CONTROL);
    expect(preview.decisions.map(({ action, reason }) => `${action} ${reason}`)).toEqual([
      'leave carried',
      'leave carried',
      'retrieve new',
    ]);
    expect([...preview.deletions]).toEqual([1, 2]);
    expect([...preview.summaries.values()].map(({ subject }) => subject)).toEqual(['three']);
    expect(preview.refusal).toBeUndefined();
    expect(ferry.takeCommands()).toEqual(['STAT', 'LIST', 'UIDL', 'TOP 1 0', 'TOP 2 0', 'TOP 3 0', 'QUIT']);
    expect(server.maildrop('alice').messages).toHaveLength(3);
    expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 1 });
  });

  test('announces no deletion of what a poll would not delete, and says why', async () => {
    const many = Array.from({ length: 120 }, (_, index) => mail(`m${index}`));
    await using server = await createServer({ users: { alice: { password: 'secret', messages: many } } });
    await using ferry = await Ferry.to(server.address);
    await ferry.poll();
    const [first = ''] = (await readdir(ferry.folder.at('maildir/new'))).sort();
    await writeFile(ferry.folder.at('maildir/new', first), 'rotten');
    const account = { ...ferry.account, deletion: { kind: 'after', milliseconds: 0 } } as const;
    const asked = await previewAccount(account, ferry.deps(), CONTROL);
    expect(asked.deletions.size).toBe(0);
    expect(asked.refusal?.message).toMatch(/^120 messages .* the most so far was 0\.$/);
    const confirmed = await previewAccount(account, ferry.deps(), { ...CONTROL, confirmDelete: true });
    expect(confirmed.deletions.size).toBe(119);
    expect(confirmed.refusal?.code).toBe('message-changed');
  });

  test('I7: does not go on looking at a mailbox over IMAP once it is told to stop', async () => {
    await using server = await serve(ONE);
    await using imap = await imapServer({
      UID: ['* SEARCH\r\nOK done', 'nothing'],
      APPEND: 'OK [APPENDUID 7 1] done',
    });
    await using ferry = await Ferry.to(server.address);
    const account: Partial<Account> = {
      destinations: [imapSettings(imap, { timeoutMs: 600_000 })],
      deletion: { kind: 'after', milliseconds: 1000 },
    };
    expect(await ferry.poll(account)).toMatchObject({ fetched: 1 });
    ferry.runtime.advance(2000);
    const { signal, abort } = withAbort();
    const previewed = previewAccount({ ...ferry.account, ...account }, ferry.deps(), {
      stop: signal,
      abort: signal,
    });
    const refused = expect(previewed).rejects.toThrow();
    await expect.poll(() => imap.heard.some((line) => line.startsWith('UID FETCH'))).toBe(true);
    abort();
    await refused;
  });

  test.each(['maildir', 'mbox'] as const)(
    'knows what comes once more, and what does not since it was put back meanwhile (%s)',
    async (kind) => {
      await using server = await serve(ONE, TWO, THREE);
      await using ferry = await Ferry.to(server.address, { destinations: [kind] });
      await ferry.poll();
      ferry.runtime.advance(DAY_MS);
      const saved = ferry.folder.at('saved');
      await cp(ferry.folder.at(kind), saved, { recursive: true });
      await (kind === 'mbox'
        ? writeFile(ferry.folder.at('mbox'), '')
        : emptied(ferry.folder.at('maildir/new')));
      const destinations = await ferry.deps().openDestinations(ferry.account, ferry.ledger);
      await refetchMissing(destinations, ferry.ledger, {
        alsoMissing: true,
        dryRun: false,
        formerPlaces: [],
      });
      const planned = async (): Promise<string[]> => {
        const { decisions } = await previewAccount(ferry.account, ferry.deps(), CONTROL);
        return decisions.map(({ action, reason }) => `${action} ${reason}`);
      };
      expect(await planned()).toEqual(['retrieve again', 'retrieve again', 'retrieve again']);
      await cp(saved, ferry.folder.at(kind), { recursive: true });
      expect(await planned()).toEqual(['leave carried', 'leave carried', 'leave carried']);
      expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 0 });
    },
  );

  test.each(['mbox', 'maildir'] as const)(
    'knows mail that it does not ask about when it stands where deleted mail stood in an mbox, to which mail goes (%s)',
    async (now) => {
      await using server = await serve(mail('a1'));
      await using ferry = await Ferry.to(server.address, { destinations: ['mbox', 'maildir'] });
      const [mbox, maildir] = ferry.account.destinations;
      if (mbox === undefined || maildir === undefined) expect.fail();
      await ferry.poll({ destinations: [mbox] });
      ferry.runtime.advance(2 * DAY_MS);
      server.maildrop('alice').add(mail('a2'));
      await ferry.poll({ destinations: [mbox] });
      const path = ferry.folder.at('mbox');
      const text = await readFile(path, 'latin1');
      await writeFile(path, text.slice(text.lastIndexOf('From ')), 'latin1');
      const destinations = now === 'mbox' ? [mbox] : [maildir];
      const deletion = { kind: 'after', milliseconds: DAY_MS } as const;
      const account = { ...ferry.account, destinations, deletion };
      const preview = await previewAccount(account, ferry.deps(), CONTROL);
      expect([[...preview.deletions], preview.refusal]).toEqual([[1], undefined]);
      expect(await ferry.poll(account)).toMatchObject({ outcome: 'ok', deleted: 1 });
    },
  );

  test('creates no destination', async () => {
    await using server = await serve(ONE);
    await using ferry = await Ferry.to(server.address);
    await previewAccount(ferry.account, ferry.deps(), CONTROL);
    expect(await readdir(ferry.folder.path)).toEqual(['state']);
  });

  test.each(['maildir', 'mbox'] as const)(
    'of an account that the ledger has lost announces no download of what stands in its %s',
    async (kind) => {
      await using server = await createServer({
        users: { alice: { password: 'secret', messages: [ONE, TWO] } },
      });
      await using ferry = await Ferry.to(server.address, { destinations: [kind] });
      await ferry.poll();
      await rm(ferry.folder.at('state', 'ledger.db'));
      await ferry.restart();
      server.maildrop('alice').add(THREE);
      const before = await ferry.mail(kind);
      const preview = await previewAccount(ferry.account, ferry.deps(), CONTROL);
      expect(preview.decisions.map(({ reason }) => reason)).toEqual(['carried', 'carried', 'new']);
      expect([...preview.deletions]).toEqual([]);
      const deletion = { kind: 'after-delivery' } as const;
      const deleting = await previewAccount({ ...ferry.account, deletion }, ferry.deps(), CONTROL);
      expect([...deleting.deletions]).toEqual([1, 2]);
      expect(await ferry.mail(kind)).toEqual(before);
      expect(await ferry.poll()).toMatchObject({ outcome: 'ok', fetched: 1, kept: 3 });
    },
  );

  test('is not spoilt by one message whose header cannot be had', async () => {
    await using server = await createServer({
      users: { alice: { password: 'secret', messages: [ONE, TWO] } },
    });
    server.setFaults([{ do: 'refuse', command: 'TOP', messages: [1] }]);
    await using ferry = await Ferry.to(server.address);
    const preview = await previewAccount(ferry.account, ferry.deps(), CONTROL);
    expect(preview.decisions).toHaveLength(2);
    expect([...preview.summaries.values()].map(({ subject }) => subject)).toEqual(['two']);
  });
});
