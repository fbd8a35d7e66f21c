import { systemCode } from '../errors.ts';
import {
  connectionLost,
  describeSystemError,
  isAboutOurCertificate,
  OUR_CERTIFICATE_HINT,
  WireError,
} from './errors.ts';

const CERTIFICATE_FAULTS: Readonly<Record<string, { readonly what: string; readonly hint: string }>> = {
  CERT_HAS_EXPIRED: {
    what: 'has expired',
    hint: 'The provider must renew it; check the clock of this machine too.',
  },
  CERT_NOT_YET_VALID: { what: 'is not valid yet', hint: 'Check the clock of this machine.' },
  DEPTH_ZERO_SELF_SIGNED_CERT: {
    what: 'is signed by nobody but itself',
    hint: 'If this is your own server, put its certificate in a file and name it with "caFile".',
  },
  SELF_SIGNED_CERT_IN_CHAIN: {
    what: 'comes from an authority that this machine does not know',
    hint: 'If you trust that authority, put its certificate in a file and name it with "caFile".',
  },
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: {
    what: 'comes from an authority that this machine does not know',
    hint: 'If you trust that authority, put its certificate in a file and name it with "caFile".',
  },
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: {
    what: 'comes from an authority that this machine does not know',
    hint: 'If you trust that authority, put its certificate in a file and name it with "caFile".',
  },
};

/** Why TLS could not be set up, in words. */
export function tlsFailure(serverName: string, cause: Error): WireError {
  // The line under it has failed, and has said why.
  if (cause instanceof WireError) return cause;
  const code = systemCode(cause) ?? '';
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    const names = 'cert' in cause ? certificateNames(cause.cert) : '';
    return new WireError('tls', `The certificate is not for "${serverName}"${names}.`, {
      cause,
      hint: 'Set "host" (or "serverName") to a name that the certificate holds; if you meant this name, somebody may be interfering.',
    });
  }
  const fault = CERTIFICATE_FAULTS[code];
  if (fault !== undefined) {
    return new WireError('tls', `The certificate of ${serverName} ${fault.what}.`, {
      cause,
      hint: fault.hint,
    });
  }
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER' || cause.message.includes('wrong version number')) {
    return new WireError('tls', `The server at ${serverName} does not speak TLS on this port.`, {
      cause,
      hint: 'Check "port" and "tls": 995 is implicit TLS, 110 is plain or STLS.',
    });
  }
  if (['ECONNRESET', 'EPIPE'].includes(code)) return connectionLost('setting up TLS', cause);
  return new WireError('tls', `TLS with ${serverName} failed: ${describeSystemError(cause)}.`, {
    cause,
    hint: isAboutOurCertificate(cause)
      ? OUR_CERTIFICATE_HINT
      : 'Check "port" and "tls": 995 is implicit TLS, 110 is plain or STLS.',
  });
}

function certificateNames(certificate: unknown): string {
  if (typeof certificate !== 'object' || certificate === null || !('subjectaltname' in certificate))
    return '';
  const names = String(certificate.subjectaltname).replaceAll('DNS:', '').replaceAll('IP Address:', '');
  return `, but for ${names.slice(0, 200)}`;
}
