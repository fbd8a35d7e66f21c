import { certificate } from '../../support/certificates.ts';
import type { Scenario } from './scenario.ts';

type Said = Pick<Scenario['outcome'], 'status' | 'code' | 'says'>;

const IMPLICIT = { tls: 'implicit', caFile: './ca.pem' };
const STARTTLS = { tls: 'starttls', caFile: './ca.pem' };

/** What goes wrong with TLS. */
const TROUBLE: readonly (Pick<Scenario, 'title' | 'tls' | 'account' | 'faults'> & Said)[] = [
  {
    title: 'has a certificate that has expired',
    tls: () => certificate({ expired: true }),
    account: IMPLICIT,
    status: 76,
    code: 'tls',
    says: 'The certificate of HOST has expired.',
  },
  {
    title: 'has a certificate that is signed by nobody but itself',
    tls: () => certificate({ selfSigned: true }),
    account: IMPLICIT,
    status: 76,
    code: 'tls',
    says: 'The certificate of HOST is signed by nobody but itself.',
  },
  {
    title: 'has a certificate for another name',
    tls: () => certificate({ names: ['other.example'] }),
    account: IMPLICIT,
    status: 76,
    code: 'tls',
    says: 'The certificate is not for "HOST", but for other.example.',
  },
  {
    title: 'has a certificate for another name, after STLS',
    tls: () => certificate({ names: ['other.example'] }),
    account: STARTTLS,
    status: 76,
    code: 'tls',
    says: 'The certificate is not for "HOST", but for other.example.',
  },
  {
    title: 'does not offer STLS any more',
    tls: certificate,
    account: STARTTLS,
    faults: [{ do: 'hide', names: ['STLS'] }],
    status: 76,
    code: 'tls',
    says: 'The server does not offer STLS, so the line cannot be encrypted.',
  },
  {
    title: 'knows no CAPA and refuses STLS',
    tls: certificate,
    account: STARTTLS,
    faults: [
      { do: 'refuse', command: 'CAPA', text: 'unknown' },
      { do: 'refuse', command: 'STLS', text: 'unknown' },
    ],
    status: 76,
    code: 'tls',
    says: 'The server refused to begin TLS, saying "unknown".',
  },
  {
    title: 'sends clear text behind its reply to STLS',
    tls: certificate,
    account: STARTTLS,
    faults: [{ do: 'inject', command: 'STLS', text: '+OK you are logged in\r\n' }],
    status: 76,
    code: 'protocol',
    says: 'Clear text came where TLS had to begin; somebody may be interfering.',
  },
  {
    title: 'agrees to STLS and goes on in clear text',
    tls: certificate,
    account: STARTTLS,
    faults: [{ do: 'say', command: 'STLS', line: '+OK begin' }],
    status: 76,
    code: 'tls',
    says: 'The server at HOST does not speak TLS on this port.',
  },
  {
    title: 'agrees to STLS and is silent',
    tls: certificate,
    account: { ...STARTTLS, timeouts: { connect: '1s', idle: '1s' } },
    faults: [{ do: 'stall', command: 'STLS' }],
    status: 69,
    code: 'timeout',
    says: 'No usable answer for 1 s while asking for TLS.',
  },
  {
    title: 'speaks no TLS where TLS must begin',
    account: IMPLICIT,
    status: 76,
    code: 'tls',
    says: 'The server at HOST does not speak TLS on this port.',
  },
];

/** The password is sent to none of these, and nothing is carried. */
export const ENCRYPTION: readonly Scenario[] = TROUBLE.map(({ status, code, says, ...scenario }) => ({
  ...scenario,
  noPassword: true,
  outcome: { status, code, says, stored: 0, left: 3 },
}));
