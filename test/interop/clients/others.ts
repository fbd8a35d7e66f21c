import type { ClientFacts } from './kind.ts';

const EVERY_LINE = ['none', 'starttls', 'implicit'] as const;

/** Libraries and mail programs, whose sessions are written out in the tests. */
export const OTHER_CLIENTS: readonly ClientFacts[] = [
  {
    title: 'curl 7.88',
    debianPackage: 'curl',
    tls: EVERY_LINE,
    mechanisms: [
      ['USER', 'USER'],
      ['APOP', 'APOP'],
      ['PLAIN', 'AUTH PLAIN'],
      ['LOGIN', 'AUTH LOGIN'],
      ['CRAM-MD5', 'AUTH CRAM-MD5'],
    ],
    cannot: ['SCRAM, as Debian builds it'],
  },
  {
    title: 'poplib of Python 3.11',
    debianPackage: 'python3',
    tls: EVERY_LINE,
    mechanisms: [
      ['user', 'USER'],
      ['apop', 'APOP'],
    ],
    cannot: ['SASL', 'lines of more than 2048 octets'],
  },
  {
    title: 'Net::POP3 of Perl 5.36',
    debianPackage: 'perl',
    tls: EVERY_LINE,
    mechanisms: [
      ['login', 'USER'],
      ['apop', 'APOP'],
    ],
    cannot: ['keep the line ends without TLS'],
  },
  {
    title: 'mutt 2.2',
    debianPackage: 'mutt',
    tls: EVERY_LINE,
    mechanisms: [['user', 'USER']],
    cannot: [],
  },
  {
    title: 's-nail 14.9',
    debianPackage: 's-nail',
    tls: EVERY_LINE,
    mechanisms: [],
    cannot: ['quote lines in an mbox in a way that can be undone'],
  },
  {
    title: 'inc of nmh 1.8',
    debianPackage: 'nmh',
    tls: ['none'],
    mechanisms: [],
    cannot: ['STLS'],
  },
];
