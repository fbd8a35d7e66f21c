import { BY_HAND } from './clients/by-hand.ts';
import { FETCHERS } from './clients/fetchers.ts';
import type { ClientFacts } from './clients/kind.ts';
import { OTHER_CLIENTS } from './clients/others.ts';
import { courierImap } from './servers/courier.ts';
import { cyrusImap } from './servers/cyrus.ts';
import { DOVECOT, DOVECOT_DEVIATIONS } from './servers/dovecot.ts';
import type { ImapFacts } from './servers/imap-kind.ts';
import { SERVERS } from './servers/index.ts';

const HEAD = `<!-- Made by \`npm run docs\` from test/interop; edit it there. -->

# Interoperability

Mailferry is tried against servers that others wrote, and the included server against clients that others wrote, all as
Debian 12 packages them. Every cell of these tables, but of the last one, is a test in \`test/interop\`, and \`.ci/run\`
runs them all; a cell that cannot be says why.
`;

const SERVERS_HEAD = `## The servers of others

Against each of them the built program takes a maildrop of the oddest mail there is (\`test/support/torture-mail.ts\`) into
a Maildir over every kind of line, and into an mbox. What it stored is compared with what a raw socket got of the same
server; then the server is empty, and a second poll has nothing to do. Told to delete nothing, it stores everything once.
A wrong password ends with status 77. Cut off in the middle, the next poll completes it, each message once.
`;

const IMAP_HEAD = `## The IMAP servers of others

To a mailbox of each of them the built program gives mail over every kind of line; what the server then gives back is
compared with what was sent. A mailbox that is not there is made, below another, with a name in any language. One that is
full keeps the mail on the POP3 server, and gets it when there is room; one that cannot be made is named.
Killed or cut off in the middle, and after a loss of the ledger, each message is there once.
`;

const DOVECOT_IMAP: ImapFacts = {
  title: 'Dovecot 2.3',
  debianPackage: 'dovecot-imapd',
  tls: ['none', 'starttls', 'implicit'],
  quirks: [],
};

const CLIENTS_HEAD = `## The clients of others

The fetchers (mpop, fetchmail, getmail, fdm) take every message from the included server as it is, with dots, 8-bit
octets and long messages, and delete it, or leave it there and fetch only what is new the next time. The others list,
read and delete.
`;

const BY_HAND_HEAD = `## Tried by hand

The included server was tried with these, too, in November 2026, with lines of dots, 8-bit octets in a header, a line of
20,000 octets and a message of 280,000. Where \`cannot\` says nothing, what they stored or gave was compared, and was each
message as it is; Alpine read and deleted in the maildrop itself. Thunderbird was told to leave all on the server, and
fetched only what was new the next time; to delete all; and to fetch headers only.
`;

/** The text of \`docs/interoperability.md\`. */
export function renderInteroperability(): string {
  return [HEAD, servers(), imapServers(), clients(), byHand()].join('\n');
}

function servers(): string {
  const kinds = [DOVECOT, ...SERVERS];
  const rows = kinds.map(({ title, debianPackage, tls, mechanisms, holds, servesOnly }) => {
    const reason = servesOnly?.why ?? holds?.why;
    const mail =
      reason === undefined ? 'all' : `${servesOnly === undefined ? 'most' : 'plain mail'}: ${reason}`;
    return row(title, debianPackage, lines(tls), mechanisms.join(', '), mail);
  });
  const quirks = kinds.map(({ title, quirks: list }) => `### ${title}\n\n${bullets(list)}\n`);
  const deviations = Object.entries(DOVECOT_DEVIATIONS).map(([rule, reason]) => `"${rule}": ${reason}.`);
  return [
    SERVERS_HEAD,
    row('server', 'package', 'lines', 'logins', 'odd mail'),
    `${row('---', '---', '---', '---', '---')}\n${rows.join('\n')}\n`,
    ...quirks,
    '### The same rules for Dovecot\n',
    'The rules of the RFCs that the included server has to keep (`test/pop3-server/conformance.suite.ts`) are tried on',
    'Dovecot too, and so is the suite of client sessions. Dovecot breaks these:\n',
    `${bullets(deviations)}\n`,
  ].join('\n');
}

function imapServers(): string {
  const kinds = [DOVECOT_IMAP, courierImap, cyrusImap];
  const rows = kinds.map(({ title, debianPackage, tls }) =>
    row(title, debianPackage, lines(tls, 'STARTTLS')),
  );
  const withQuirks = kinds.filter(({ quirks }) => quirks.length > 0);
  const quirks = withQuirks.map(
    ({ title, quirks: list }) => `### ${title}, as an IMAP server\n\n${bullets(list)}\n`,
  );
  return [
    IMAP_HEAD,
    row('server', 'package', 'lines'),
    `${row('---', '---', '---')}\n${rows.join('\n')}\n`,
    ...quirks,
  ].join('\n');
}

function clients(): string {
  return [CLIENTS_HEAD, clientTable([...FETCHERS, ...OTHER_CLIENTS])].join('\n');
}

function byHand(): string {
  return [BY_HAND_HEAD, clientTable(BY_HAND)].join('\n');
}

function clientTable(kinds: readonly ClientFacts[]): string {
  const rows = kinds.map(({ title, debianPackage, tls, mechanisms, cannot }) => {
    const logins = mechanisms.map(([word]) => word).join(', ');
    return row(
      title,
      debianPackage,
      lines(tls),
      logins === '' ? 'its own choice' : logins,
      cannot.join('; '),
    );
  });
  return [
    row('client', 'package', 'lines', 'logins', 'cannot'),
    `${row('---', '---', '---', '---', '---')}\n${rows.join('\n')}\n`,
  ].join('\n');
}

/** POP3 has another name than IMAP for the command that starts TLS. */
function lines(tls: readonly string[], starttls = 'STLS'): string {
  const names: Readonly<Record<string, string>> = { none: 'plain', starttls, implicit: 'TLS' };
  return tls.map((kind) => names[kind] ?? kind).join(', ');
}

function row(...cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

function bullets(texts: readonly string[]): string {
  return texts.map((text) => `- ${text}`).join('\n');
}
