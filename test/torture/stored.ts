import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { asStored } from './mail.ts';

/** Where the scenarios deliver to, as the configuration says it. */
export const MAILDIR = { type: 'maildir', path: './Mail' } as const;
export const MBOX = { type: 'mbox', path: './box/mbox' } as const;

export type Deliver = typeof MAILDIR | typeof MBOX | readonly [typeof MAILDIR, typeof MBOX];

/** The destinations of the kill matrix. */
export const DESTINATIONS: readonly (readonly [string, Deliver])[] = [
  ['a Maildir', MAILDIR],
  ['an mbox', MBOX],
  ['both at once', [MAILDIR, MBOX]],
];

/** The messages of a Maildir. */
export async function readMaildir(path: string): Promise<string[]> {
  const files: string[] = [];
  for (const folder of ['new', 'cur']) {
    for (const name of await readdir(join(path, folder)).catch(() => [])) {
      files.push(await readFile(join(path, folder, name), 'latin1'));
    }
  }
  return files;
}

/** The messages of an mbox, read as mboxrd by nobody of ours: a From_ line begins one, an empty line ends it. */
export async function readMbox(path: string): Promise<string[]> {
  const text = await readFile(path, 'latin1').catch(() => '');
  if (text === '') return [];
  if (!text.startsWith('From ')) return ['(does not begin with a From_ line)', text];
  return text
    .split(/^From .*\n/m)
    .slice(1)
    .map((stored) => {
      if (!stored.endsWith('\n\n')) return `(has no empty line behind it) ${stored}`;
      return stored.slice(0, -1).replaceAll(/^>(>*From )/gm, '$1');
    });
}

/**
 * What is not as promised below `folder`: each message exactly once in each destination, octet by octet, and nothing
 * else anywhere. Empty when all is well.
 */
export async function whatIsWrong(
  folder: string,
  deliver: Deliver,
  messages: readonly Uint8Array[],
): Promise<string[]> {
  const wrong: string[] = [];
  for (const { type, path } of destinationsOf(deliver)) {
    const stored = await (type === 'maildir' ? readMaildir : readMbox)(join(folder, path));
    wrong.push(...compare(stored, messages.map(asStored)).map((text) => `${type}: ${text}`));
  }
  return [...wrong, ...(await leftBehind(folder))];
}

/** What is below `folder` that nobody expects there. */
export async function leftBehind(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true });
  return entries.filter((path) => !EXPECTED.test(path)).map((path) => `left behind: ${path}`);
}

/** The messages that stand in a Maildir, but not as they were sent. */
export async function tornInMaildir(
  folder: string,
  deliver: Deliver,
  messages: readonly Uint8Array[],
): Promise<string[]> {
  const whole = new Set(messages.map(asStored));
  const torn: string[] = [];
  for (const { type, path } of destinationsOf(deliver)) {
    if (type !== 'maildir') continue;
    const stored = await readMaildir(join(folder, path));
    torn.push(...stored.filter((message) => !whole.has(message)).map(brief));
  }
  return torn;
}

export function destinationsOf(deliver: Deliver): readonly (typeof MAILDIR | typeof MBOX)[] {
  return 'type' in deliver ? [deliver] : deliver;
}

const EXPECTED =
  /^(mailferry\.yaml|ca\.pem|calls|state(\/(ledger\.db(-wal|-shm|\.seal(\.new)?)?|owner\.lock(-journal)?))?|Mail(\/tmp|\/(new|cur)(\/.*)?)?|box(\/mbox)?)$/;

function compare(stored: readonly string[], expected: readonly string[]): string[] {
  const left = [...stored];
  const wrong: string[] = [];
  for (const message of expected) {
    const at = left.indexOf(message);
    if (at < 0) wrong.push(`lost: ${brief(message)}`);
    else left.splice(at, 1);
  }
  for (const message of left) {
    wrong.push(`${expected.includes(message) ? 'doubled' : 'damaged or foreign'}: ${brief(message)}`);
  }
  return wrong;
}

function brief(message: string): string {
  return `${JSON.stringify(message.slice(0, 60))} (${message.length} octets)`;
}
