import { MailError, systemCode } from '../errors.ts';
import type { Secret } from '../secret.ts';

/** A request that takes longer has failed. */
export const SEND_LIMIT_MS = 15_000;

export interface Post {
  readonly url: Secret;
  /** Added to the path of the URL. */
  readonly path?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body: string;
}

/** Sends a POST and wants a status from 200 to 299. Raises a `MailError` without the URL in it (I5). */
export async function post({ url, path = '', headers = {}, body }: Post): Promise<void> {
  const target = new URL(url.reveal());
  target.pathname = `${target.pathname.replace(/\/$/, '')}${path}` || '/';
  let response: Response;
  try {
    response = await fetch(target, {
      method: 'POST',
      headers,
      body,
      redirect: 'error',
      signal: AbortSignal.timeout(SEND_LIMIT_MS),
    });
  } catch (thrown) {
    // Messages of fetch may hold the URL.
    const cause = thrown instanceof Error ? (systemCode(thrown.cause) ?? thrown.name) : 'unknown error';
    throw new MailError('unreachable', `The server cannot be reached: ${cause}.`);
  }
  await response.body?.cancel();
  if (!response.ok) throw new MailError('protocol', `The server answered with status ${response.status}.`);
}
