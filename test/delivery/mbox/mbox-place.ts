import { readFile } from 'node:fs/promises';
import { expect } from 'vitest';
import type { Intent, Receipt } from '../../../src/delivery/destination.ts';
import { Mbox } from '../../../src/delivery/mbox/mbox.ts';
import { FakeRuntime } from '../../support/fake-runtime.ts';
import type { TemporaryFolder } from '../../support/temporary-folder.ts';

export const MAIL: Buffer = Buffer.from('Return-Path: <ada@b.example>\r\nSubject: x\r\n\r\nHello.\r\n');
export const FROM: string = 'From ada@b.example Fri Jan  2 03:04:05 2026\n';
export const STORED: string = 'Return-Path: <ada@b.example>\nSubject: x\n\nHello.\n';
export const FOREIGN: string = 'From bob@c.example Sat Jan  3 10:11:12 2026\nSubject: foreign\n\nMine.\n\n';

/** The messages of an mbox as any reader of the mboxrd dialect sees them. */
export function parseMbox(text: string): string[] {
  const [before = '', ...messages] = text.split(/(?<=^|\n)From [^\n]*\n/);
  expect(before).toBe('');
  return messages.map((message) => {
    expect(message.endsWith('\n')).toBe(true);
    return message.slice(0, -1).replaceAll(/(?<=^|\n)>(>*From )/g, '$1');
  });
}

export const textOf = async (folder: TemporaryFolder): Promise<string> =>
  (await readFile(folder.at('place', 'mbox'))).toString('latin1');

/** The mbox `place/mbox`; what it intends is added to `intents`. */
export function opened(
  folder: TemporaryFolder,
  intents: Intent[] = [],
  {
    runtime = new FakeRuntime(),
    recorded = [],
    unfinished = [],
  }: { runtime?: FakeRuntime; recorded?: Receipt[]; unfinished?: readonly Intent[] } = {},
): Promise<Mbox> {
  const path = folder.at('place', 'mbox');
  return Mbox.open({ type: 'mbox', path }, `mbox:${path}`, {
    runtime,
    takeUnfinished: () => unfinished,
    recordedAt: (locations) => recorded.filter(({ location }) => locations.includes(location)),
    recordedAs: (hashes) => recorded.filter(({ sha256 }) => hashes.includes(sha256)),
    intend: (more) => {
      intents.push(...more);
      return Promise.resolve();
    },
  });
}
