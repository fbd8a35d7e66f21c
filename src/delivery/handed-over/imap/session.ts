import { readFile } from 'node:fs/promises';
import { ImapFlow } from 'imapflow';
import { MailError } from '../../../errors.ts';
import { checkName } from '../../../wire/certificate-name.ts';
import { SentSecrets } from '../../../wire/sent-secrets.ts';
import { secureContext } from '../../../wire/trust.ts';
import type { ImapSettings } from '../../settings.ts';
import { isRefusal, notLoggedIn } from './refusal.ts';

/**
 * What is appended, and what is read, is in memory as a whole (I7); the servers of providers take no more than 25 to 150 MB, and say so
 * with APPENDLIMIT (RFC 7889).
 */
export const MAX_MESSAGE_OCTETS: number = 256 * 1024 * 1024;

/** All that a server says besides messages, such as the UIDs that it has found. */
const MAX_LINE_OCTETS = 16 * 1024 * 1024;

/** How long a server may take to be there, and then to greet, in milliseconds. */
const CONNECT_MS = 30_000;

/** How long a server may take to say goodbye. */
const GOODBYE_MS = 1000;

/** Where an error of the library has words of the server. */
const SAID = ['message', 'responseText', 'response', 'reason'] as const;

/** What was sent by each session to log in. */
const secretsOf = new WeakMap<ImapFlow, SentSecrets>();

/** A session with an IMAP server; opened when it is first wanted, and anew when it has ended meanwhile. */
export class ImapSession {
  readonly #settings: ImapSettings;
  #flow: ImapFlow | undefined;
  #isGivenUp = false;
  /**
   * What the server has refused last. The library keeps that to itself where it is about a SEARCH, which then has found nothing; and a
   * NO is an OK to it where it says "Some of the requested messages no longer exist".
   */
  #refusal: Error | undefined;

  constructor(settings: ImapSettings) {
    this.#settings = settings;
  }

  /** The session, logged in. Raises what says that the server cannot be used now. */
  async open(): Promise<ImapFlow> {
    if (this.#isGivenUp) throw notLoggedIn(this.#settings, new Error('the session was given up'));
    if (this.#flow?.usable === true) return this.#flow;
    this.#flow?.close();
    this.#flow = undefined;
    const { flow, secrets } = await newFlow(this.#settings);
    // Without a listener it would end the process; whoever waits for an answer is told by that.
    flow.on('error', () => undefined);
    flow.log.warn = ({ err }: { readonly err?: unknown }) => {
      if (isRefusal(err)) this.#refusal = err;
    };
    secretsOf.set(flow, secrets);
    // From now on it can be given up.
    this.#flow = flow;
    const limit = setTimeout(() => flow.close(), this.#settings.timeoutMs);
    try {
      await flow.connect();
    } catch (thrown) {
      flow.close();
      throw notLoggedIn(this.#settings, thrown, secrets);
    } finally {
      clearTimeout(limit);
    }
    return flow;
  }

  /** What the server has refused since this was last asked, whether or not the library has told of it. */
  takeRefusal(): Error | undefined {
    const refusal = this.#refusal;
    this.#refusal = undefined;
    return refusal;
  }

  get isGivenUp(): boolean {
    return this.#isGivenUp;
  }

  /** Ends it now, whatever is under way, and for good. */
  giveUp(): void {
    this.#isGivenUp = true;
    this.#flow?.close();
  }

  /** Ends it as a client should, where the server goes along with that soon. */
  async close(): Promise<void> {
    const flow = this.#flow;
    this.#flow = undefined;
    if (flow === undefined) return;
    const limit = setTimeout(() => flow.close(), GOODBYE_MS);
    await flow.logout().catch(() => undefined);
    clearTimeout(limit);
    flow.close();
  }
}

/** What has to end, or to go on, within that many milliseconds: else the session ends. */
export async function inTime<T>(
  flow: ImapFlow,
  timeoutMs: number,
  {
    act,
    failed,
  }: {
    readonly act: (goOn: () => void) => Promise<T>;
    readonly failed: (thrown: unknown, isLate: boolean) => T;
  },
): Promise<T> {
  let isLate = false;
  const limit = setTimeout(() => {
    isLate = true;
    flow.close();
  }, timeoutMs);
  try {
    return await act(() => limit.refresh());
  } catch (thrown) {
    return failed(withoutSecrets(flow, thrown), isLate);
  } finally {
    clearTimeout(limit);
  }
}

/** What has failed in a session, without the password that a server may repeat whenever it says something (I5). */
export function withoutSecrets(flow: ImapFlow, thrown: unknown): unknown {
  const [secrets, said] = [secretsOf.get(flow), thrown as Partial<Record<(typeof SAID)[number], unknown>>];
  if (secrets === undefined || !(thrown instanceof Error) || thrown instanceof MailError) return thrown;
  for (const key of SAID) if (typeof said[key] === 'string') said[key] = secrets.hide(said[key]);
  return thrown;
}

async function newFlow(settings: ImapSettings): Promise<{ flow: ImapFlow; secrets: SentSecrets }> {
  const { host, port, tls, user, auth, caFile, timeoutMs } = settings;
  try {
    const password = (await settings.password()).reveal();
    const ca = caFile === undefined ? [] : [await readFile(caFile, 'utf8')];
    const secrets = new SentSecrets();
    secrets.note(spellings(user, password));
    const flow = new ImapFlow({
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
      maxLineLength: MAX_LINE_OCTETS,
      maxLiteralSize: MAX_MESSAGE_OCTETS,
      maxResponseSize: MAX_MESSAGE_OCTETS + MAX_LINE_OCTETS,
      logger: false,
    });
    return { flow, secrets };
  } catch (thrown) {
    throw notLoggedIn(settings, thrown);
  }
}

/** A password or token in every way in which it may be sent, and a server may repeat it: by LOGIN, PLAIN and XOAUTH2. */
function spellings(user: string, password: string): readonly string[] {
  const inBase64 = [password, `\0${user}\0${password}`, `user=${user}\x01auth=Bearer ${password}\x01\x01`];
  return [password, ...inBase64.map((text) => Buffer.from(text).toString('base64'))];
}
