import { MailError } from '../errors.ts';
import { type Capabilities, saslMechanisms } from '../pop3/capabilities.ts';
import type { AuthChoice } from './options.ts';

/** A way to log in that both sides have. */
export type Mechanism = 'plain' | 'user-pass';

export interface MechanismQuestion {
  readonly wanted: AuthChoice;
  /** Undefined where the server has no CAPA; then USER and PASS are all that can be expected of it. */
  readonly capabilities: Capabilities | undefined;
  /** Whether the password may travel readable: inside TLS, to this very machine, or because the user said so. */
  readonly mayShowPassword: boolean;
}

/** The mechanism to log in with. Every mechanism there is so far shows the password to the line. */
export function chooseMechanism({ wanted, capabilities, mayShowPassword }: MechanismQuestion): Mechanism {
  if (!mayShowPassword) {
    throw new MailError('tls', 'The password would cross the network readable, since the line has no TLS.', {
      hint: 'Use "tls: implicit" or "tls: starttls"; only if you accept the risk, say "allowCleartext: true".',
    });
  }
  if (wanted !== 'auto') return wanted;
  if (capabilities === undefined) return 'user-pass';
  if (saslMechanisms(capabilities).includes('PLAIN')) return 'plain';
  return 'user-pass';
}
