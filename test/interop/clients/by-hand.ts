import type { ClientFacts } from './kind.ts';

const EVERY_LINE = ['none', 'starttls', 'implicit'] as const;

/** What was tried with the included server by hand: each brings a desktop or a language, too much for a test. */
export const BY_HAND: readonly ClientFacts[] = [
  {
    title: 'Thunderbird 153',
    debianPackage: 'thunderbird',
    tls: EVERY_LINE,
    mechanisms: [
      ['PLAIN', 'AUTH PLAIN'],
      ['CRAM-MD5', 'AUTH CRAM-MD5'],
    ],
    cannot: [],
  },
  {
    title: 'Sylpheed 3.8',
    debianPackage: 'sylpheed',
    tls: EVERY_LINE,
    mechanisms: [
      ['USER', 'USER'],
      ['APOP', 'APOP'],
    ],
    cannot: [],
  },
  {
    title: 'Claws Mail 4.1',
    debianPackage: 'claws-mail',
    tls: ['none'],
    mechanisms: [['USER', 'USER']],
    cannot: [],
  },
  {
    title: 'Alpine 2.26',
    debianPackage: 'alpine',
    tls: ['none', 'starttls'],
    mechanisms: [['CRAM-MD5', 'AUTH CRAM-MD5']],
    cannot: [],
  },
  {
    title: 'IMAP extension of PHP 8.2',
    debianPackage: 'php-imap',
    tls: ['none', 'implicit'],
    mechanisms: [['CRAM-MD5', 'AUTH CRAM-MD5']],
    cannot: ['STLS with TLS 1.2 or newer; the server has nothing older'],
  },
  {
    title: 'Net::POP of Ruby 3.1',
    debianPackage: 'ruby-net-pop',
    tls: ['none', 'implicit'],
    mechanisms: [
      ['USER', 'USER'],
      ['APOP', 'APOP'],
    ],
    cannot: [],
  },
  {
    title: 'Mail::POP3Client 2.21 of Perl',
    debianPackage: 'libmail-pop3client-perl',
    tls: ['none'],
    mechanisms: [
      ['PASS', 'USER'],
      ['APOP', 'APOP'],
    ],
    cannot: [],
  },
  {
    title: 'movemail of GNU Mailutils 3.15',
    debianPackage: 'mailutils',
    tls: ['none', 'starttls'],
    mechanisms: [
      ['USER', 'USER'],
      ['APOP', 'APOP'],
    ],
    cannot: [
      'keep every octet of a large message that comes after small ones: 162 of 280,069 were gone, with another server too',
    ],
  },
];
