import { MailError, systemCode } from '../errors.ts';
import type { Secret } from '../secret.ts';
import { lineTrouble, notSent } from './not-sent.ts';

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
    throw notSent('The server cannot be reached', requestTrouble(thrown));
  }
  await response.body?.cancel();
  if (response.ok) return;
  throw new MailError('protocol', `The server answered with status ${response.status}.`, {
    hint:
      response.status < 500
        ? 'Check the URL, and the token where it wants one.'
        : 'It is in trouble itself; try again later.',
  });
}

const CHECK = 'Check the URL, and that this machine is online.';

/** Messages of fetch may hold the URL, so that only those that are known are told (I5). */
function requestTrouble(thrown: unknown): { readonly why: string; readonly hint: string } {
  const cause = thrown instanceof Error ? thrown.cause : undefined;
  const said = cause instanceof Error ? cause.message : '';
  if (said === 'unexpected redirect')
    return { why: 'it wants to send us on', hint: 'Give the URL that it leads to.' };
  if (said === 'bad port') return { why: 'no web server is asked on this port', hint: CHECK };
  if (thrown instanceof Error && thrown.name === 'TimeoutError')
    return { why: `no answer within ${SEND_LIMIT_MS / 1000} s`, hint: CHECK };
  return lineTrouble(cause, CHECK) ?? { why: systemCode(cause) ?? 'the request failed', hint: CHECK };
}
