import { MailError } from '../errors.ts';
import { type Capabilities, saslMechanisms } from '../pop3/capabilities.ts';
import { MECHANISMS, type MechanismName, mechanismNamed } from '../sasl/mechanisms.ts';
import type { AuthChoice } from './options.ts';

/** A way to log in. */
export type Mechanism = Exclude<AuthChoice, 'auto'>;

/** Who may be listening: nobody, nobody that matters (this very machine, or the user has said so), or anybody. */
export type LineSecrecy = 'encrypted' | 'readable' | 'watched';

/**
 * What `auto` tries on a line, the best first. Inside TLS nobody can listen; so there PLAIN stands before CRAM-MD5, which
 * many servers announce and cannot do for users whose passwords they keep hashed. Where somebody can listen, only SCRAM is
 * good enough: what the others show can be worked back to the password.
 */
const PREFERENCES: Readonly<Record<LineSecrecy, readonly Mechanism[]>> = {
  encrypted: ['external', 'scram-sha-256', 'scram-sha-1', 'plain', 'login', 'user-pass', 'cram-md5'],
  readable: ['scram-sha-256', 'scram-sha-1', 'cram-md5', 'plain', 'login', 'user-pass'],
  watched: ['scram-sha-256', 'scram-sha-1'],
};

export interface MechanismQuestion {
  readonly wanted: AuthChoice;
  /** Undefined where the server has no CAPA; then USER and PASS are all that can be expected of it. */
  readonly capabilities: Capabilities | undefined;
  readonly secrecy: LineSecrecy;
  /** Whether the client showed a certificate, which EXTERNAL stands on. */
  readonly certified: boolean;
}

/** The name of a mechanism on the line (RFC 5034); undefined for the two that are not SASL. */
export function saslName(mechanism: Mechanism): MechanismName | undefined {
  return mechanismNamed(mechanism);
}

/**
 * The mechanism to log in with. One that was named is taken whatever the server announces. Raises `tls` where the
 * line would show the password (I5), `login-refused` where both sides have nothing in common.
 */
export function chooseMechanism(question: MechanismQuestion): Mechanism {
  const { wanted, capabilities, secrecy, certified } = question;
  if (wanted !== 'auto') {
    assertMayUse(wanted, secrecy);
    return wanted;
  }
  const offered = capabilities === undefined ? [] : saslMechanisms(capabilities);
  const isThere = (mechanism: Mechanism): boolean => {
    const name = saslName(mechanism);
    if (name === undefined) return capabilities === undefined || capabilities.has('USER');
    return offered.includes(name) && (mechanism !== 'external' || certified);
  };
  const found = PREFERENCES[secrecy].find(isThere);
  if (found !== undefined) return found;
  if (secrecy === 'watched') throw wouldShow(offered);
  if (offered.some((name) => name === 'XOAUTH2' || name === 'OAUTHBEARER')) throw onlyTokens(offered);
  // A server may take USER without saying so (RFC 2449 §6.3 is newer than most of them).
  return 'user-pass';
}

/**
 * Raises `tls` where a mechanism would show the password, or something as good, to whoever listens (I5). APOP is no
 * protection: a false server gets the password out of it (CVE-2007-1558).
 */
export function assertMayUse(mechanism: Mechanism, secrecy: LineSecrecy): void {
  if (mechanism === 'external' && secrecy !== 'encrypted') {
    throw new MailError('tls', 'A login by certificate needs TLS.', {
      hint: 'Use "tls: implicit" or "tls: starttls".',
    });
  }
  if (secrecy !== 'watched') return;
  const name = saslName(mechanism);
  if (name === undefined || MECHANISMS[name].showsSecret) throw wouldShow([]);
}

function wouldShow(offered: readonly string[]): MailError {
  const other = offered.includes('CRAM-MD5')
    ? '; "auth: cram-md5" hides a strong password from who listens, not a weak one'
    : '';
  return new MailError('tls', 'The password would cross the network readable, since the line has no TLS.', {
    hint: `Use "tls: implicit" or "tls: starttls"; only if you accept the risk, say "allowCleartext: true"${other}.`,
  });
}

function onlyTokens(offered: readonly string[]): MailError {
  const mechanism = offered.includes('XOAUTH2') ? 'xoauth2' : 'oauthbearer';
  return new MailError('login-refused', 'The server takes no passwords, only tokens of OAuth.', {
    hint: `Say "auth: ${mechanism}", and let "password" be a command that prints an access token.`,
  });
}
