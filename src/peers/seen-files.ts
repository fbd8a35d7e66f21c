import type { SeenMaildrop, SeenMessage } from './peer.ts';

/**
 * What fetchmail remembers (`.fetchids`): a line per message, `USER@HOST UID`. The host is what is behind the last
 * `@` before the first blank that follows an `@`.
 */
export function parseFetchids(text: string): readonly SeenMaildrop[] {
  const maildrops = new Maildrops();
  for (const line of text.split('\n')) {
    const [, user, host, uid] = /^(.*?)@([^@ \t]*)[ \t]+(\S+)/.exec(joined(line)) ?? [];
    if (user !== undefined && host !== undefined && uid !== undefined) {
      maildrops.add({ user: user.replaceAll('\0', '@'), host, uid, seenAt: undefined });
    }
  }
  return maildrops.all();
}

/** All but the last `@` of the first word hidden, so that the last one stands out. */
function joined(line: string): string {
  const at = line.indexOf('@');
  const end = at === -1 ? -1 : line.slice(at).search(/[ \t]/);
  if (end === -1) return line;
  const head = line.slice(0, at + end);
  const last = head.lastIndexOf('@');
  return `${head.slice(0, last).replaceAll('@', '\0')}${head.slice(last)}${line.slice(at + end)}`;
}

/** The same, written. Raises nothing; a unique-id with a blank in it cannot be written and is left out. */
export function renderFetchids(maildrops: readonly SeenMaildrop[]): string {
  return maildrops
    .flatMap(({ user, host, messages }) =>
      messages.filter(({ uid }) => !/\s/.test(uid)).map(({ uid }) => `${user}@${host} ${uid}\n`),
    )
    .join('');
}

/**
 * What getmail remembers of one maildrop (`oldmail-…`): a line per message, unique-id, NUL, seconds since 1970. In a
 * unique-id, getmail has replaced each `/` by `-`.
 */
export function parseOldmail(text: string): readonly SeenMessage[] {
  return text.split('\n').flatMap((line) => {
    const [uid = '', seconds = ''] = line.trim().split('\0');
    return uid === '' || !/^\d+$/.test(seconds) ? [] : [{ uid, seenAt: Number(seconds) * 1000 }];
  });
}

/** The same, written; what has no time gets `now` (milliseconds since 1970). */
export function renderOldmail(messages: readonly SeenMessage[], now: number): string {
  return messages
    .map(({ uid, seenAt }) => `${getmailForm(uid)}\0${Math.floor((seenAt ?? now) / 1000)}\n`)
    .join('');
}

/** A unique-id as getmail remembers it. */
export function getmailForm(uid: string): string {
  return uid.replaceAll('/', '-');
}

/** The name of the file in which getmail remembers a maildrop. */
export function oldmailName({ host, port, user }: { host: string; port: number; user: string }): string {
  return `oldmail-${host}-${port}-${user}`.replaceAll(/[/\\:;<>|]+/g, '-');
}

/**
 * What mpop remembers: for each maildrop a line ` COUNT HOST USER`, then so many lines with a unique-id each, from
 * mpop 1.4.23 on with a blank and seconds since 1970 behind it. A unique-id cannot hold a blank.
 */
export function parseUidls(text: string): readonly SeenMaildrop[] {
  const maildrops = new Maildrops();
  let current: { host: string; user: string } | undefined;
  for (const line of text.split('\n')) {
    if (line === '' || (current === undefined && line.startsWith('#'))) continue;
    const [, host, user] = /^ \d+ (\S+) (.+)$/.exec(line) ?? [];
    if (host !== undefined && user !== undefined) {
      current = { host, user };
      maildrops.open(current);
    } else if (current !== undefined) {
      const [, uid = line, seconds] = /^(\S+) (\d+)$/.exec(line) ?? [];
      maildrops.add({ ...current, uid, seenAt: seconds === undefined ? undefined : Number(seconds) * 1000 });
    }
  }
  return maildrops.all();
}

/**
 * The same, written as mpop up to 1.4.22 does, which later ones read too. Without the maildrops of which nothing is known: a
 * count of 0 makes mpop refuse the whole file.
 */
export function renderUidls(maildrops: readonly SeenMaildrop[]): string {
  const filled = maildrops.filter(({ messages }) => messages.length > 0);
  const lists = filled.map(({ host, user, messages }) => {
    const uids = [...new Set(messages.map(({ uid }) => uid))].sort(byOctets);
    return ` ${uids.length} ${host} ${user}\n${uids.map((uid) => `${uid}\n`).join('')}`;
  });
  return `# This file was written by Mailferry, for mpop.\n${lists.join('')}`;
}

/** The name of the file in which mpop remembers a maildrop, unless it is told another one. */
export function uidlsName({ host, user }: Pick<SeenMaildrop, 'host' | 'user'>): string {
  return `${user}_at_${host}`;
}

function byOctets(one: string, other: string): number {
  return Buffer.compare(Buffer.from(one, 'latin1'), Buffer.from(other, 'latin1'));
}

/** Maildrops by host and user, in the order in which they came. */
class Maildrops {
  readonly #byKey = new Map<string, { host: string; user: string; messages: SeenMessage[] }>();

  open({ host, user }: { host: string; user: string }): SeenMessage[] {
    const key = JSON.stringify([host, user]);
    const known = this.#byKey.get(key) ?? { host, user, messages: [] };
    this.#byKey.set(key, known);
    return known.messages;
  }

  add({ host, user, uid, seenAt }: { host: string; user: string } & SeenMessage): void {
    this.open({ host, user }).push({ uid, seenAt });
  }

  all(): readonly SeenMaildrop[] {
    return [...this.#byKey.values()];
  }
}

interface MaildropName {
  readonly host: string;
  readonly user: string;
}

/** Whether two maildrops are the same for fetchmail, which does not tell upper case from lower. */
export function isMaildrop(one: MaildropName, other: MaildropName): boolean {
  return keyOf(one) === keyOf(other);
}

function keyOf({ host, user }: MaildropName): string {
  return `${user}@${host}`.toLowerCase();
}
