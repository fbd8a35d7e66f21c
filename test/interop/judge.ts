import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'vitest';
import { readMaildir } from '../support/dovecot.ts';
import { runProgram } from '../support/program.ts';
import type { TortureMessage } from '../support/torture-mail.ts';

/** Judges what a poll of the built program brought by means that share no code with it. */

export type Kind = 'maildir' | 'mbox';
export type TlsMode = 'implicit' | 'starttls' | 'none';

export interface Delivery {
  readonly type: Kind;
  readonly path: string;
}

/** Whose maildrop to retrieve, and where. */
export interface RawRetrieval {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  /** The file of the authority, for TLS from the first octet. */
  readonly caFile?: string;
  /** What to say before the login. */
  readonly first?: readonly string[];
  /** Where a folder for the messages may be made. */
  readonly folder: string;
}

const run = promisify(execFile);
const RETRIEVE = join(import.meta.dirname, '../support/retrieve-raw.py');

/** The messages as they are on the wire, unstuffed, by a client that shares no code with ours. Deletes nothing. */
export async function retrieveRaw(what: RawRetrieval): Promise<Buffer[]> {
  const { host, port, user, password, caFile = '-', first = [], folder } = what;
  const messages = await mkdtemp(join(folder, 'raw-'));
  await run('python3', [RETRIEVE, host, String(port), caFile, user, password, messages, ...first]);
  const files = (await readdir(messages)).sort();
  return Promise.all(files.map((name) => readFile(join(messages, name))));
}

/** What must be stored of a message: lines end with LF, nothing else differs. */
export function stored(wire: Buffer): Buffer {
  return Buffer.from(wire.toString('latin1').replaceAll('\r\n', '\n'), 'latin1');
}

/** What has been delivered, with the quoting of an mbox undone. */
export async function delivered({ type, path }: Delivery): Promise<Buffer[]> {
  return type === 'maildir' ? readMaildir(path) : splitMbox(await readFile(path));
}

/** In an mboxrd mbox every line that begins with `From ` begins a message, and an empty line ends it. */
function splitMbox(mbox: Buffer): Buffer[] {
  const [before, ...messages] = mbox.toString('latin1').split(/(?<=^|\n)From [^\n]*\n/);
  expect(before).toBe('');
  return messages.map((message) => {
    expect(message.endsWith('\n')).toBe(true);
    return Buffer.from(message.slice(0, -1).replaceAll(/(?<=^|\n)>(>*From )/g, '$1'), 'latin1');
  });
}

export function sha256(octets: Buffer): string {
  return createHash('sha256').update(octets).digest('hex');
}

/** Turns hashes into the names of the messages, sorted, so that a difference says which one it is. */
export function named(
  messages: readonly TortureMessage[],
  octets: readonly Buffer[],
): (hashes: readonly string[]) => string[] {
  const names = new Map(octets.map((message, index) => [sha256(message), messages[index]?.name ?? '']));
  return (hashes) => hashes.map((hash) => names.get(hash) ?? `unknown ${hash}`).sort();
}

/** `mailferry fetch --json` in this folder, which must end well: what it prints. */
export async function fetchJson(folder: string, ...options: readonly string[]): Promise<unknown> {
  const { status, stdout, stderr } = await runProgram(['fetch', '--json', ...options], { cwd: folder });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return JSON.parse(stdout);
}

/** The counts of a report in which nothing happened. */
export const NO_COUNTS = {
  listed: 0,
  fetched: 0,
  bytes: 0,
  deleted: 0,
  kept: 0,
  skipped: 0,
  tooLarge: 0,
  quarantined: 0,
} as const;

/** A report in which nothing happened but this. */
export function report(counts: Readonly<Record<string, number>>): unknown {
  const durationMs: unknown = expect.any(Number);
  const timings: unknown = expect.any(Object);
  return { account: 'me', outcome: 'ok', ...NO_COUNTS, ...counts, durationMs, timings, error: null };
}
