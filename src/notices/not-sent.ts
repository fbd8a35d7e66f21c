import { MailError, systemCode } from '../errors.ts';
import { describeSystemError } from '../wire/errors.ts';
import { certificateFault } from '../wire/tls-failure.ts';

/** Why a notice did not come to a place, and what to do. */
interface Reason {
  readonly why: string;
  readonly hint: string;
}

/** That a place could not be reached. `what` begins the sentence; its words hold no URL (I5). */
export function notSent(what: string, { why, hint }: Reason): MailError {
  return new MailError('unreachable', `${what}: ${why}.`, { hint });
}

const TRUST =
  'It must have a certificate that this machine trusts; NODE_EXTRA_CA_CERTS=FILE adds an authority.';

/**
 * What went wrong on the line, in words; undefined where nothing is known that could be shown. `check` says which settings
 * to look at.
 */
export function lineTrouble(cause: unknown, check: string): Reason | undefined {
  if (!(cause instanceof Error)) return undefined;
  const code = codeOf(cause);
  const fault = certificateFault(code);
  if (fault !== undefined) return { why: `its certificate ${fault}`, hint: TRUST };
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return { why: 'its certificate is for another name', hint: check };
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER' || /wrong version number/.test(cause.message))
    return { why: 'it does not speak TLS on this port', hint: check };
  // OpenSSL's whole message holds the address of a thread and its file names.
  if ('reason' in cause && typeof cause.reason === 'string')
    return { why: `TLS failed, ${cause.reason}`, hint: check };
  const why = describeSystemError(Object.assign(new Error(code), { code }));
  return why === code ? undefined : { why, hint: check };
}

/** Some put the code of their own over that of the system, which is then in the text only. */
function codeOf(cause: Error): string {
  return /\b(?:E[A-Z]{4,}|EAI_AGAIN)\b/.exec(cause.message)?.[0] ?? systemCode(cause) ?? '';
}
