import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'vitest';
import { createServer } from '../../src/pop3-server/index.ts';
import { type Dovecot, type DovecotOptions, readMaildir, startDovecot } from '../support/dovecot.ts';
import { giveUp } from '../support/programs.ts';
import { sha256, stored } from './judge.ts';

/** Mail from a POP3 server of ours to mailboxes of a real Dovecot. */

const BOB = { bob: { password: 'geheim' } };

/** Skips a test where Dovecot speaks no IMAP. */
export function requireImap({ skip }: Pick<TestContext, 'skip'>): void {
  if (!existsSync('/usr/lib/dovecot/imap')) giveUp(skip, 'not installed here: dovecot-imapd');
}

export function startImap(options: Partial<DovecotOptions> = {}): Promise<Dovecot> {
  return startDovecot({ users: BOB, imap: true, ...options });
}

export function startPop3(messages: readonly Buffer[]): ReturnType<typeof createServer> {
  return createServer({ users: { alice: { password: 'secret', messages } } });
}

/** A destination: the INBOX of bob. */
export function toBob(port: number): Record<string, unknown> {
  return { type: 'imap', host: '127.0.0.1', port, tls: 'none', user: 'bob', password: 'geheim' };
}

/** What is in a mailbox of bob, by its hashes, in no order. */
export async function mailOf(dovecot: Dovecot, folder = ''): Promise<string[]> {
  return (await readMaildir(join(dovecot.maildropFolder('bob'), folder))).map(sha256).sort();
}

/** The same of what should be there. */
export function wanted(messages: readonly Buffer[]): string[] {
  return messages.map(stored).map(sha256).sort();
}
