import type { ImapSettings } from '../delivery/settings.ts';

/**
 * Whether a mailbox over IMAP is the one that an account fetches from: each message that came would be appended there, be listed as a
 * new one, and come again, poll after poll. POP3 shows the INBOX; servers have one name for each protocol, and take a user with and
 * without the domain.
 */
export function isOwnMailbox(
  maildrop: { readonly host?: string | undefined; readonly user?: string | undefined },
  { host, user, mailbox }: Pick<ImapSettings, 'host' | 'user' | 'mailbox'>,
): boolean {
  if (maildrop.host === undefined || maildrop.user === undefined || mailbox.toUpperCase() !== 'INBOX')
    return false;
  return isSameServer(maildrop.host.toLowerCase(), host.toLowerCase()) && isSameUser(maildrop.user, user);
}

/** `pop.example.org` and `imap.example.org`; not two machines of this network, which have addresses or short names. */
function isSameServer(one: string, other: string): boolean {
  if (one === other) return true;
  const domain = /^(?:pop3?|imap4?|mail|in|incoming|secure\w*)\d?[.-](.+\.\D+)$/;
  const [, of] = domain.exec(one) ?? [];
  return of !== undefined && of === domain.exec(other)?.[1];
}

/** `recent:` is how Gmail is asked for all of the last 30 days. */
function isSameUser(one: string, other: string): boolean {
  const [first, second] = [one, other].map((user) => user.toLowerCase().replace(/^recent:/, ''));
  if (first === undefined || second === undefined) return false;
  if (first.includes('@') && second.includes('@')) return first === second;
  return first.split('@')[0] === second.split('@')[0];
}
