import { dirname } from 'node:path';
import { groupBy } from '../../group-by.ts';
import type { Peer } from '../../peers/peer.ts';
import type { ImportedAccount, PasswordFile } from '../../setup/import-peer.ts';
import { countText } from '../../wire/text.ts';

/** Something to say of one account, or in one sentence of several. */
export interface Told {
  readonly about: string;
  readonly text: string;
  /** Somebody has to look at it. */
  readonly warns: boolean;
}

interface Saying {
  readonly account: string;
  readonly text: string;
  readonly warns: boolean;
}

/** What became of the accounts, and what is left to fill in; what is the same for several is said once. Pure. */
export function toldOfImport(accounts: readonly ImportedAccount[], peer: Peer): readonly Told[] {
  return [
    ...together(accounts.map((account) => becameOf(account, peer))),
    ...together(accounts.flatMap((account) => openOf(account))),
  ];
}

/** Where the passwords are, or would be. */
export function passwordsText(files: readonly PasswordFile[]): string {
  const [first] = files;
  if (first === undefined) return '';
  return files.length === 1
    ? `a password to ${first.path} (mode 0600)`
    : `${countText(files.length, 'password')} to ${dirname(first.path)}, each to a file of its own (mode 0600)`;
}

function becameOf({ name, disabled, ...memory }: ImportedAccount, peer: Peer): Saying {
  const { seen, seenIn, lookedFor } = memory;
  const saying = { account: name, warns: true };
  if (disabled) return { ...saying, text: 'a comment only; the file says why.' };
  if (seenIn !== undefined && seen.length > 0) {
    const text = `${countText(seen.length, 'message')} that ${peer} remembers (${seenIn}) count as carried: not downloaded again, and never deleted there by Mailferry, whatever "delete" says.`;
    return { ...saying, warns: false, text };
  }
  if (seenIn === undefined && lookedFor.length > 0)
    return {
      ...saying,
      text: `no memory of ${peer} was found, so that all its mail would come (looked for ${lookedFor.join(', ')}; say where with --state).`,
    };
  const where = seenIn === undefined ? '' : ` (${seenIn})`;
  return {
    ...saying,
    text: `${peer} remembers nothing of it${where}, so that all its mail would come, unless "mailferry adopt ACCOUNT" counts what is there as carried.`,
  };
}

function openOf({ name, disabled, open }: ImportedAccount): readonly Saying[] {
  if (open.length === 0 || disabled) return [];
  const keys = open.map((key) => `"${key}"`).join(', ');
  const more = open.includes('deliver')
    ? '; --deliver maildir:PATH says where the mail of all goes, maildir:PATH/{account} where that of each'
    : '';
  const text = `${keys} ${open.length === 1 ? 'is' : 'are'} yours to fill in${more}.`;
  return [{ account: name, text, warns: true }];
}

/** In the order in which each is said first. */
function together(sayings: readonly Saying[]): readonly Told[] {
  return Array.from(
    groupBy(sayings, ({ text }) => text),
    ([text, same]) => ({
      about: same.map(({ account }) => account).join(', '),
      text,
      warns: same.some(({ warns }) => warns),
    }),
  );
}
