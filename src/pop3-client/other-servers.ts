/** How other servers greet, and where they are used to be. */
const OTHER_SERVERS: readonly (readonly [RegExp, string])[] = [
  [/^\* (?:OK|PREAUTH|BYE)\b/i, 'an IMAP server (143, 993)'],
  [/^\d{3}[ -].*\bE?SMTP\b/i, 'an SMTP server (25, 465, 587), which is for sending'],
  [/^\d{3}[ -].*\bFTP\b/i, 'an FTP server'],
  [/^HTTP\//i, 'a web server'],
  [/^SSH-/, 'an SSH server'],
];

/** What greets with this line, if it is known and no POP3 server. */
export function otherServer(greeting: string): string | undefined {
  return OTHER_SERVERS.find(([begin]) => begin.test(greeting))?.[1];
}

/** What to do where another server than one for POP3 answers. */
export const PORT_OF_POP3 = 'Set "port" to that of POP3: 995 for TLS, 110 for STLS.';
