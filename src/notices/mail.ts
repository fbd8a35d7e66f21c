import { createTransport } from 'nodemailer';
import { messageOf } from '../errors.ts';
import { lineTrouble, notSent } from './not-sent.ts';
import type { Notice } from './notice.ts';
import { SEND_LIMIT_MS } from './post.ts';
import type { MailTarget } from './targets.ts';

const CHECK_LINE = 'Check "host", "port" and "tls", and that this machine is online.';

const CHECK = 'Check "host", "port", "tls", "user", "password", "from" and "to".';

/** Sends a notice as a mail. Certificates are always checked. Raises a `MailError` without the password (I5). */
export async function sendMail(
  target: MailTarget,
  { title, text, kind }: Notice,
  hostName: string,
): Promise<void> {
  const { host, port, tls, user, from, to } = target;
  const pass = (await target.password?.())?.reveal();
  const transport = createTransport({
    host,
    port,
    secure: tls === 'implicit',
    requireTLS: tls === 'starttls',
    ignoreTLS: tls === 'none',
    ...(user === undefined || pass === undefined ? {} : { auth: { user, pass } }),
    connectionTimeout: SEND_LIMIT_MS,
    greetingTimeout: SEND_LIMIT_MS,
    socketTimeout: SEND_LIMIT_MS,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  try {
    await transport.sendMail({
      from,
      to: [...to],
      subject: `[mailferry] ${title}`,
      text: `${text}\n\n-- \nMailferry on ${hostName}\n`,
      // Nobody's auto-responder shall answer, and no list shall take it in (RFC 3834).
      headers: { 'Auto-Submitted': 'auto-generated', 'X-Mailferry-Notice': kind },
    });
  } catch (thrown) {
    const words = messageOf(thrown);
    const message = pass === undefined ? words : words.replaceAll(pass, '[secret]');
    const said = { why: message.split('\n', 1)[0]?.replace(/\.$/, '') ?? '', hint: CHECK };
    throw notSent('The mail could not be sent', lineTrouble(thrown, CHECK_LINE) ?? said);
  } finally {
    transport.close();
  }
}
