import { createConnection } from 'node:net';
import SMTPConnection from 'nodemailer/lib/smtp-connection';
import { MailError, systemCode } from '../../errors.ts';
import { printable } from '../../wire/text.ts';
import { listeningAt, type MailServerSettings } from '../settings.ts';
import { MessageNotTaken, NoneTaken, type Taker } from './handed-over.ts';
import type { Spool } from './spool.ts';

/** How long a server may take to be there and to greet, in milliseconds. */
const CONNECT_MS = 30_000;

/** How long a server may take to say goodbye. */
const GOODBYE_MS = 1000;

/** The only answer that says that a message was taken. */
const TAKEN = /^250[ -]/;

/** What an SMTP or LMTP server answers, for the place that a receipt names. */
const MAX_ANSWER_CHARACTERS = 200;

type Failure = SMTPConnection.SMTPError;

/**
 * Gives each message to a mail server, over LMTP (RFC 2033) or SMTP (RFC 5321), which answers for it from its 250 on. Lines
 * end in CRLF there, bare CRs and LFs included. Where the line breaks before that reply, nobody knows whether the server has
 * taken the message.
 */
export function mailServer(settings: MailServerSettings, hostName: string): Taker {
  const take: Taker['take'] = async (spool, file) => {
    const line = openLine(settings, hostName);
    let isAsked = false;
    const limit = setTimeout(() => line.emit('error', tooLate(settings)), settings.timeoutMs);
    try {
      const answer = await new Promise<string>((resolve, reject) => {
        line.on('error', reject);
        line.once('end', () => reject(new Error('the server has closed the line')));
        line.connect((error) => {
          if (error !== undefined) return reject(error);
          isAsked = true;
          const body = file.createReadStream({ start: 0, autoClose: false });
          body.once('error', reject);
          line.send(envelopeOf(settings, spool), body, (failure, info) => {
            const refused = failure ?? info.rejectedErrors?.[0];
            if (refused !== null && refused !== undefined) reject(refused);
            else if (TAKEN.test(info.response)) resolve(info.response);
            else reject(new Error(`it answers ${info.response} to the message`));
          });
        });
      });
      leave(line);
      return printable(answer.trim(), MAX_ANSWER_CHARACTERS);
    } catch (thrown) {
      line.close();
      throw notTaken(settings, thrown, isAsked);
    } finally {
      clearTimeout(limit);
    }
  };
  return { take };
}

/** Whether a mail server is there and greets. Raises as a delivery does. */
export async function greetMailServer(settings: MailServerSettings, hostName: string): Promise<void> {
  const line = openLine(settings, hostName);
  try {
    await new Promise<void>((resolve, reject) => {
      line.on('error', reject);
      line.connect((error) => (error === undefined ? resolve() : reject(error)));
    });
    leave(line);
  } catch (thrown) {
    line.close();
    throw notTaken(settings, thrown, false);
  }
}

/** Says goodbye to a server that has answered for its message, and waits for nothing: neither a line nor this process stays open. */
function leave(line: SMTPConnection): void {
  line.quit();
  if (line._socket) line._socket.unref();
  setTimeout(() => line.close(), GOODBYE_MS).unref();
}

function openLine({ type, at, tls, timeoutMs }: MailServerSettings, hostName: string): SMTPConnection {
  return new SMTPConnection({
    ...('socket' in at ? { connection: createConnection(at.socket) } : at),
    lmtp: type === 'lmtp',
    secure: tls === 'implicit',
    requireTLS: tls === 'starttls',
    ignoreTLS: tls === 'none',
    name: hostName,
    connectionTimeout: Math.min(CONNECT_MS, timeoutMs),
    greetingTimeout: Math.min(CONNECT_MS, timeoutMs),
    socketTimeout: timeoutMs,
    // Whoever does not close its side keeps ours open no longer.
    socketCloseTimeout: 0,
  });
}

function envelopeOf({ to }: MailServerSettings, { sender, octets }: Spool): SMTPConnection.Envelope {
  // The null sender is that of what nobody answers: a bounce, or what tells no sender.
  return { from: sender ?? '', to, size: octets, use8BitMime: true };
}

function tooLate({ timeoutMs }: MailServerSettings): Error {
  return new Error(`it has not taken the message within ${timeoutMs / 1000} s`);
}

/**
 * A refusal of the sender, the recipient or the content concerns this message, for good (5xx) or for now (4xx). Everything
 * else concerns the server, but may have to do with this message where that was under way (`isAsked`).
 */
function notTaken(settings: MailServerSettings, thrown: unknown, isAsked: boolean): MailError {
  const { type, to } = settings;
  const { responseCode = 0, response, command, code } = thrown as Failure;
  const server = listeningAt(settings);
  const words = thrown instanceof Error ? thrown.message : String(thrown);
  const said = printable(response ?? words, MAX_ANSWER_CHARACTERS).replace(/\.$/, '');
  // A message that is larger than the server takes is not even offered to it.
  const isTooLarge = code === 'EMESSAGE' && responseCode === 0;
  const isOfMessage = responseCode >= 400 && /^(?:MAIL|RCPT|DATA)/.test(command ?? '');
  if (isTooLarge || isOfMessage) {
    const isForNow = !isTooLarge && responseCode < 500;
    const when = isForNow ? ' now' : '';
    return new MessageNotTaken(
      `The ${type.toUpperCase()} server ${server} does not take the message for ${to}${when}: ${said}.`,
      { hint: 'It stays on the POP3 server, and is handed over again at the next poll.', isForNow },
    );
  }
  const cause = systemCode(thrown);
  const isForGood = code === 'ETLS' || (cause?.includes('CERT') ?? false) || responseCode >= 500;
  const Failed = isAsked ? NoneTaken : MailError;
  return new Failed(
    isForGood ? 'destination-unusable' : 'destination-locked',
    `The ${type.toUpperCase()} server ${server} takes no mail now: ${said}.`,
    {
      cause: thrown,
      hint: 'All mail stays on the POP3 server until it does; check "deliver", and that it runs.',
    },
  );
}
