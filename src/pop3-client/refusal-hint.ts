import { mechanismNamed } from '../sasl/mechanisms.ts';

/** What may lie behind a refused login. */
interface Refused {
  /** By the name it has on the line. */
  readonly mechanism: string;
  /** The SASL mechanisms that the server announces. */
  readonly offered: readonly string[];
  readonly encrypted: boolean;
  /** Whether name and password were more than the server says that it understands (RFC 6856 §2.2). */
  readonly beyondAscii: boolean;
}

const TOKENS = ['XOAUTH2', 'OAUTHBEARER'];

/** Advice that fits the mechanism that was refused; undefined where there is no more than the usual one. */
export function refusalHint({ mechanism, offered, encrypted, beyondAscii }: Refused): string | undefined {
  if (offered.length > 0 && mechanismNamed(mechanism) !== undefined && !offered.includes(mechanism)) {
    return `The server does not have ${mechanism}, but ${offered.join(', ')}; leave "auth" out, and the best of them is taken.`;
  }
  if (beyondAscii) {
    return (
      'Check "user" and "password"; they have characters outside ASCII, and the server does not say that it takes ' +
      'such by USER and PASS (UTF8 USER): it may need a password without them.'
    );
  }
  if (TOKENS.includes(mechanism)) {
    return 'The token may have run out, or not be meant for POP3; check what makes it, and that "user" is its owner.';
  }
  if (mechanism === 'EXTERNAL') {
    return 'The server does not take this certificate for "user"; check "clientCertificate" and "user".';
  }
  if (mechanism.startsWith('SCRAM') || mechanism === 'CRAM-MD5' || mechanism === 'apop') {
    const other = encrypted ? '"auth: plain"' : '"auth: plain" with TLS';
    return `Check "user" and "password"; if they are right, the server cannot check them this way: try ${other}.`;
  }
  const token = offered.find((name) => TOKENS.includes(name));
  if (token === undefined) return undefined;
  return (
    'Check "user" and "password". The provider may want an app password, or take only tokens of OAuth: ' +
    `"auth: ${token.toLowerCase()}", with a command for "password" that prints an access token.`
  );
}
