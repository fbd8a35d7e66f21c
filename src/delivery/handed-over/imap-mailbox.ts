import { type FileHandle, readFile } from 'node:fs/promises';
import { ImapFlow } from 'imapflow';
import { arrivalDate } from '../../message/arrival-date.ts';
import { headerField } from '../../message/header-field.ts';
import { withCrlfs } from '../../message/line-endings.ts';
import type { Runtime } from '../../runtime.ts';
import { checkName } from '../../wire/certificate-name.ts';
import { SentSecrets } from '../../wire/sent-secrets.ts';
import { secureContext } from '../../wire/trust.ts';
import type { Envelope } from '../destination.ts';
import type { ImapSettings } from '../settings.ts';
import { MessageNotTaken, type Taker } from './handed-over.ts';
import {
  isOfAppend,
  isRefusal,
  notAppended,
  notLoggedIn,
  notLookedFor,
  notMade,
  saysNoMailbox,
} from './imap-refusal.ts';
import type { Spool } from './spool.ts';

/** How long a server may take to be there, and then to greet, in milliseconds. */
const CONNECT_MS = 30_000;

/** How long a server may take to say goodbye. */
const GOODBYE_MS = 1000;

/**
 * What is appended is in memory as a whole (I7); the servers of providers take no more than 25 to 150 MB, and say so with APPENDLIMIT
 * (RFC 7889).
 */
const MAX_APPENDED_OCTETS = 256 * 1024 * 1024;

/** So many messages with one Message-ID are compared with one that may be there already. */
const MAX_COMPARED = 20;

/** What a mailbox needs besides its settings. */
export interface ImapSurroundings {
  readonly runtime: Pick<Runtime, 'now'>;
  /** Whether a record says that a message was appended there, under this location. */
  readonly isRecorded: (location: string) => boolean;
}

/**
 * Appends each message to a mailbox on an IMAP server (RFC 9051 §6.3.12), with the date at which it came to the first one, and without
 * flags: nobody has read it. The server answers for it from its OK on. One session serves a whole poll.
 */
export class ImapMailbox implements Taker {
  readonly #settings: ImapSettings;
  readonly #around: ImapSurroundings;
  #session: ImapFlow | undefined;
  #isDoubted = false;
  /**
   * What the server has refused last. The library keeps that to itself where it is about a SEARCH, which then has found nothing; and a NO
   * to an APPEND is an OK to it where it says "Some of the requested messages no longer exist".
   */
  #refusal: Error | undefined;

  constructor(settings: ImapSettings, around: ImapSurroundings) {
    this.#settings = settings;
    this.#around = around;
  }

  doubt(): void {
    this.#isDoubted = true;
  }

  async take(spool: Spool, file: FileHandle, { tag }: Envelope): Promise<string> {
    if (spool.octets > MAX_APPENDED_OCTETS) throw tooLarge(this.#settings);
    const session = await this.#open();
    // As IMAP wants lines (RFC 9051 §6.3.12): Cyrus (3.6) takes no message with a bare LF.
    const message = withCrlfs(await contentOf(file, spool.octets));
    const already = this.#isDoubted ? await this.#find(session, spool.start, message) : undefined;
    return already ?? (await this.#append(session, spool.start, message)) ?? tag;
  }

  abandon(): void {
    this.#session?.close();
  }

  async close(): Promise<void> {
    const session = this.#session;
    this.#session = undefined;
    if (session === undefined) return;
    const limit = setTimeout(() => session.close(), GOODBYE_MS);
    await session.logout().catch(() => undefined);
    clearTimeout(limit);
    session.close();
  }

  /** Raises what says that no mail can be given to the server now. */
  async greet(): Promise<void> {
    await this.#open();
    await this.close();
  }

  async #open(): Promise<ImapFlow> {
    if (this.#session?.usable === true) return this.#session;
    this.#session?.close();
    this.#session = undefined;
    const { session, secrets } = await newSession(this.#settings);
    // Without a listener it would end the process; whoever waits for an answer is told by that.
    session.on('error', () => undefined);
    session.log.warn = ({ err }: { readonly err?: unknown }) => {
      if (isRefusal(err)) this.#refusal = err;
    };
    // From now on it can be given up.
    this.#session = session;
    const { timeoutMs } = this.#settings;
    const limit = setTimeout(() => session.close(), timeoutMs);
    try {
      await session.connect();
    } catch (thrown) {
      session.close();
      throw notLoggedIn(this.#settings, thrown, secrets);
    } finally {
      clearTimeout(limit);
    }
    return session;
  }

  /** Where it is; undefined where the server does not say (no UIDPLUS, RFC 4315). */
  async #append(session: ImapFlow, start: Buffer, message: Buffer): Promise<string | undefined> {
    const { mailbox, timeoutMs } = this.#settings;
    const path = mailbox.split('/');
    const append = async (): Promise<string | undefined> => {
      const date = arrivalDate(start, this.#around.runtime.now());
      this.#takeRefusal();
      const appended = await session.append(path, message, [], date);
      const refusal = this.#takeRefusal();
      if (refusal !== undefined && isOfAppend(refusal)) throw refusal;
      // So it says that the session has ended before.
      if (typeof appended !== 'object') throw new Error('the session has ended');
      const { uid, uidValidity } = appended;
      return uid === undefined || uidValidity === undefined ? undefined : `${uidValidity}:${uid}`;
    };
    if (message.includes(0) && !session.capabilities.has('BINARY')) throw hasNul(this.#settings);
    return inTime(session, timeoutMs, {
      act: () =>
        append().catch(async (refusal: unknown) => {
          if (!saysNoMailbox(refusal)) throw refusal;
          await session.mailboxCreate(path).catch((thrown: unknown) => {
            throw notMade(this.#settings, thrown);
          });
          return append();
        }),
      failed: (thrown, isLate) => {
        throw notAppended(this.#settings, thrown, isLate);
      },
    });
  }

  /** Where a message stands that no record speaks of and that equals this one, except for line ends; undefined where there is none. */
  async #find(session: ImapFlow, start: Buffer, message: Buffer): Promise<string | undefined> {
    const messageId = inAscii(headerField(start, 'Message-ID') ?? '');
    if (messageId === '') return undefined;
    return inTime(session, this.#settings.timeoutMs, {
      act: () => this.#findAmong(session, messageId, withLfs(message)),
      failed: (thrown, isLate) => {
        const failure = notLookedFor(this.#settings, thrown, isLate);
        if (failure !== undefined) throw failure;
        return undefined;
      },
    });
  }

  #takeRefusal(): Error | undefined {
    const refusal = this.#refusal;
    this.#refusal = undefined;
    return refusal;
  }

  async #findAmong(session: ImapFlow, messageId: string, wanted: string): Promise<string | undefined> {
    const { uidValidity } = await session.mailboxOpen(this.#settings.mailbox.split('/'), { readOnly: true });
    try {
      return await this.#findInOpen(session, String(uidValidity), { messageId, wanted });
    } finally {
      // Courier (1.0) takes no mail for a mailbox that is open for reading only. Nothing is expunged from such a one (RFC 9051 §6.4.1).
      await session.mailboxClose().catch(() => undefined);
    }
  }

  async #findInOpen(
    session: ImapFlow,
    uidValidity: string,
    { messageId, wanted }: { readonly messageId: string; readonly wanted: string },
  ): Promise<string | undefined> {
    this.#takeRefusal();
    const found = await session.search({ header: { 'Message-ID': messageId } }, { uid: true });
    if (found === false) throw this.#takeRefusal() ?? new Error('the session has ended');
    for (const uid of (found ?? []).slice(-MAX_COMPARED)) {
      const location = `${uidValidity}:${uid}`;
      if (this.#around.isRecorded(location)) continue;
      const one = await session.fetchOne(String(uid), { source: true }, { uid: true });
      if (one !== false && one.source !== undefined && withLfs(one.source) === wanted) return location;
    }
    return undefined;
  }
}

/** What has to end within that many milliseconds: else the session does. */
async function inTime<T>(
  session: ImapFlow,
  timeoutMs: number,
  {
    act,
    failed,
  }: { readonly act: () => Promise<T>; readonly failed: (thrown: unknown, isLate: boolean) => T },
): Promise<T> {
  let isLate = false;
  const limit = setTimeout(() => {
    isLate = true;
    session.close();
  }, timeoutMs);
  try {
    return await act();
  } catch (thrown) {
    return failed(thrown, isLate);
  } finally {
    clearTimeout(limit);
  }
}

/** The longest part of it that every server can search for: a header is searched for parts of it. */
function inAscii(field: string): string {
  return field.split(/[^ -~]+/).reduce((longest, part) => (part.length > longest.length ? part : longest));
}

async function newSession(settings: ImapSettings): Promise<{ session: ImapFlow; secrets: SentSecrets }> {
  const { host, port, tls, user, auth, caFile, timeoutMs } = settings;
  try {
    const password = (await settings.password()).reveal();
    const ca = caFile === undefined ? [] : [await readFile(caFile, 'utf8')];
    const secrets = new SentSecrets();
    secrets.note(spellings(user, password));
    const session = new ImapFlow({
      host,
      port,
      secure: tls === 'implicit',
      doSTARTTLS: tls === 'implicit' ? undefined : tls === 'starttls',
      auth: auth === 'oauth2' ? { user, accessToken: password } : { user, pass: password },
      tls: {
        secureContext: secureContext({ ca, clientCertificate: undefined }),
        checkServerIdentity: checkName,
        rejectUnauthorized: true,
      },
      connectionTimeout: Math.min(CONNECT_MS, timeoutMs),
      greetingTimeout: Math.min(CONNECT_MS, timeoutMs),
      socketTimeout: timeoutMs,
      disableAutoIdle: true,
      disableCompression: true,
      logger: false,
    });
    return { session, secrets };
  } catch (thrown) {
    throw notLoggedIn(settings, thrown);
  }
}

/** A password or token in every way in which it may be sent, and a server may repeat it: by LOGIN, PLAIN and XOAUTH2. */
function spellings(user: string, password: string): readonly string[] {
  const inBase64 = [password, `\0${user}\0${password}`, `user=${user}\x01auth=Bearer ${password}\x01\x01`];
  return [password, ...inBase64.map((text) => Buffer.from(text).toString('base64'))];
}

async function contentOf(file: FileHandle, octets: number): Promise<Buffer> {
  const content = Buffer.allocUnsafeSlow(octets);
  for (let done = 0; done < octets; ) {
    const { bytesRead } = await file.read(content, done, octets - done, done);
    if (bytesRead === 0) throw new Error('the waiting message has become shorter');
    done += bytesRead;
  }
  return content;
}

/** Servers give lines back with CRLF, however they came. */
function withLfs(message: Buffer): string {
  return message.toString('latin1').replaceAll('\r\n', '\n');
}

function tooLarge({ host }: ImapSettings): MessageNotTaken {
  return new MessageNotTaken(`The message is larger than any that is given to the IMAP server ${host}.`, {
    hint: 'It stays on the POP3 server; a second destination, such as a Maildir, takes it.',
  });
}

function hasNul({ host }: ImapSettings): MessageNotTaken {
  return new MessageNotTaken(`The message has a NUL octet, which the IMAP server ${host} does not take.`, {
    hint: 'It stays on the POP3 server; a second destination, such as a Maildir, takes it.',
  });
}
