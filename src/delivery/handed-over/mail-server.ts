import type { FileHandle } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { Readable } from 'node:stream';
import SMTPConnection from 'nodemailer/lib/smtp-connection';
import { MailError, systemCode } from '../../errors.ts';
import { printable } from '../../wire/text.ts';
import { listeningAt, type MailServerSettings } from '../settings.ts';
import { NoneTaken, type Taker } from './handed-over.ts';
import { multidrop } from './multidrop.ts';
import {
  isTaken,
  MAX_ANSWER_CHARACTERS,
  messageRefused,
  type Offer,
  type Offered,
  Replies,
  refusedFor,
  saidBy,
} from './offer.ts';
import type { Spool } from './spool.ts';

/** How long a server may take to be there and to greet, in milliseconds. */
const CONNECT_MS = 30_000;

/** How long a server may take to say goodbye. */
const GOODBYE_MS = 1000;

type Failure = SMTPConnection.SMTPError;

/**
 * Gives each message to a mail server, over LMTP (RFC 2033) or SMTP (RFC 5321), which answers for it from its 250 on. Lines
 * end in CRLF there, bare CRs and LFs included. Where the line breaks before that reply, nobody knows whether the server has
 * taken the message.
 */
export function mailServer(settings: MailServerSettings, hostName: string): Taker {
  const { to } = settings;
  const offerTo = (offered: Offered): Promise<Offer> => offer(settings, hostName, offered);
  if (typeof to !== 'string') return multidrop({ ...settings, to }, offerTo);
  const take: Taker['take'] = async (spool, file) => {
    const { isSent, answers } = await offerTo({ to: [to], spool, file });
    const [answer = { recipient: to, text: '' }] = answers;
    if (isSent && isTaken(answer)) return saidBy(answer);
    throw refusedFor(answer, settings);
  };
  return { take };
}

/**
 * Offers a message to a server for several recipients, and sends it where it takes all of them at RCPT. Raises as a delivery does,
 * unless it was taken for some.
 */
async function offer(
  settings: MailServerSettings,
  hostName: string,
  { to, spool, file }: Offered,
): Promise<Offer> {
  const heard = new Replies(to, settings.type);
  const line = openLine(settings, hostName, heard);
  let isAsked = false;
  const limit = setTimeout(() => line.emit('error', tooLate(settings)), settings.timeoutMs);
  try {
    const last = await new Promise<string>((resolve, reject) => {
      line.on('error', reject);
      line.once('end', () => reject(new Error('the server has closed the line')));
      line.connect((error) => {
        if (error !== undefined) return reject(error);
        isAsked = true;
        if (heard.refuseBeyondAscii()) return reject(new Error('not all recipients may be asked for'));
        const body = Readable.from(bodyOf(file, heard), { objectMode: false });
        line.send(envelopeOf(to, spool), body, (failure, info) => {
          if (failure !== null) reject(failure);
          else resolve(info.response);
        });
      });
    });
    const answers = heard.toMessage();
    const odd = answers.find((one) => !isTaken(one) && !/^[45]/.test(one.text))?.text;
    if (odd !== undefined || answers.length < to.length)
      throw new Error(`it answers ${odd ?? last} to the message`);
    leave(line);
    return { isSent: true, answers };
  } catch (thrown) {
    line.close();
    const refused = heard.refusedAtRcpt();
    if (refused !== undefined) return { isSent: false, answers: refused };
    const failure = notTaken(settings, thrown, { to, isAsked });
    const takers = heard.toMessage().filter(isTaken);
    if (takers.length === 0) throw failure;
    return { isSent: true, answers: takers, failure };
  } finally {
    clearTimeout(limit);
  }
}

/** Nothing of the message leaves before all recipients are taken: the library would send it for those that are. */
async function* bodyOf(file: FileHandle, heard: Replies): AsyncGenerator<Buffer, void, undefined> {
  if (heard.refusedAtRcpt() !== undefined) throw new Error('not all recipients are taken');
  yield* file.createReadStream({ start: 0, autoClose: false });
}

/** Whether a mail server is there and greets. Raises as a delivery does. */
export async function greetMailServer(settings: MailServerSettings, hostName: string): Promise<void> {
  const line = openLine(settings, hostName, new Replies([], settings.type));
  try {
    await new Promise<void>((resolve, reject) => {
      line.on('error', reject);
      line.connect((error) => (error === undefined ? resolve() : reject(error)));
    });
    leave(line);
  } catch (thrown) {
    line.close();
    throw notTaken(settings, thrown, { to: [], isAsked: false });
  }
}

/** Says goodbye to a server that has answered for its message, and waits for nothing: neither a line nor this process stays open. */
function leave(line: SMTPConnection): void {
  line.quit();
  if (line._socket) line._socket.unref();
  setTimeout(() => line.close(), GOODBYE_MS).unref();
}

function openLine(
  { type, at, tls, timeoutMs }: MailServerSettings,
  hostName: string,
  heard: Replies,
): SMTPConnection {
  return new SMTPConnection({
    logger: hearing(heard),
    transactionLog: true,
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

const ignore = (): void => undefined;

/** The library tells each reply to its log alone. */
function hearing(heard: Replies): NonNullable<Exclude<SMTPConnection.Options['logger'], boolean>> {
  const debug = ({ tnx }: { readonly tnx?: string }, text: string): void => {
    if (tnx === 'server') heard.push(text);
    else if (tnx === 'client' && text.startsWith('MAIL FROM:')) heard.begin();
  };
  return { level: ignore, trace: ignore, debug, info: ignore, warn: ignore, error: ignore, fatal: ignore };
}

function envelopeOf(to: readonly string[], { sender, octets }: Spool): SMTPConnection.Envelope {
  // The null sender is that of what nobody answers: a bounce, or what tells no sender.
  return { from: sender ?? '', to: [...to], size: octets, use8BitMime: true };
}

function tooLate({ timeoutMs }: MailServerSettings): Error {
  return new Error(`it has not taken the message within ${timeoutMs / 1000} s`);
}

/**
 * A refusal of the sender, the recipient or the content concerns this message, for good (5xx) or for now (4xx). Everything
 * else concerns the server, but may have to do with this message where that was under way (`isAsked`).
 */
function notTaken(
  settings: MailServerSettings,
  thrown: unknown,
  { to, isAsked }: { readonly to: readonly string[]; readonly isAsked: boolean },
): MailError {
  const { type } = settings;
  const { responseCode = 0, response, command, code } = thrown as Failure;
  const server = listeningAt(settings);
  const words = thrown instanceof Error ? thrown.message : String(thrown);
  const said = printable(response ?? words, MAX_ANSWER_CHARACTERS).replace(/\.$/, '');
  // A message that is larger than the server takes is not even offered to it.
  const isTooLarge = code === 'EMESSAGE' && responseCode === 0;
  const isOfMessage = responseCode >= 400 && /^(?:MAIL|RCPT|DATA)/.test(command ?? '');
  if (isTooLarge || isOfMessage) {
    const isForNow = !isTooLarge && responseCode < 500;
    return messageRefused(settings, to.join(', '), { said, isForNow });
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
