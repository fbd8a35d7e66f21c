import { sampleMail } from '../../src/cli/demo/sample-mail.ts';

/** A message to load into a maildrop, and what is odd about it. */
export interface TortureMessage {
  readonly name: string;
  readonly octets: Buffer;
}

const MIB = 1024 * 1024;

/**
 * What programs that are careless with mail change, lose or choke on, each once. Only a message whose first line is
 * a single dot is not among it: Dovecot 2.3 does not byte-stuff the first octet of a message, and the session is lost.
 */
export function tortureMail(): readonly TortureMessage[] {
  return Object.entries({ ...LINES, ...OCTETS, ...SHAPES, ...HEADERS, ...large() }).map(
    ([name, content]) => ({
      name,
      octets: typeof content === 'string' ? Buffer.from(content, 'latin1') : content,
    }),
  );
}

/** The torture messages spread among ordinary ones, `count` in all. */
export function mixedMail(count: number): readonly TortureMessage[] {
  const odd = tortureMail();
  const ordinary = sampleMail(count - odd.length).map((octets, index) => ({
    name: `ordinary ${index}`,
    octets,
  }));
  const distance = Math.floor(count / odd.length);
  return odd.flatMap((message, index) => [
    ...ordinary.slice(
      index * (distance - 1),
      index === odd.length - 1 ? undefined : (index + 1) * (distance - 1),
    ),
    message,
  ]);
}

/** A message with an ordinary header. */
function mail(subject: string, body: string): string {
  return `From: a@mail.example\r\nTo: b@mail.example\r\nSubject: ${subject}\r\n\r\n${body}`;
}

function lines(...text: readonly string[]): string {
  return text.map((line) => `${line}\r\n`).join('');
}

const LINES: Readonly<Record<string, string>> = {
  'leading dots': mail('dots', lines('.a', '..b', '...c', '. ', 'end')),
  'a line of a single dot': mail('dot', lines('before', '.', 'after')),
  'nothing but dots': mail('only dots', '.\r\n'.repeat(5000)),
  'a single dot as the last line': mail('last dot', lines('before', '.')),
  'a dot as the very first octet': `.${mail('first dot', 'text\r\n')}`,
  'replies in the body': mail('replies', lines('+OK', '-ERR', '+OK 2 octets', '.', '+OK')),
  'From lines': mail(
    'from',
    lines('From here on', '', 'From a@mail.example Thu Jan  1 00:00:00 2026', 'From '),
  ),
  'quoted From lines': mail(
    'quoted',
    lines('>From', '>From x', '>>From x', '>>>>From x', '> From x', 'xFrom '),
  ),
  'From at the ends of lines': mail('almost', lines('From', 'Fro', '>', '>>', 'From: x', 'From\tx')),
  'nothing but From lines': mail('only from', 'From \r\n>From \r\n'.repeat(20_000)),
  'a From line as the last line': mail('last from', lines('', 'From x')),
  'an empty line at the end': mail('empty last', lines('text', '')),
  'ten empty lines at the end': mail('empty lines', `text\r\n${'\r\n'.repeat(10)}`),
  'a line of 1 MB': mail('long line', `${'x'.repeat(MIB)}\r\n`),
  'a line of 1 MB that begins with From': mail('long from', `From ${'x'.repeat(MIB)}\r\n`),
  'no final line end': mail('no end', 'the last line'),
  'no final line end after a dot': mail('no end', 'the last line\r\n.'),
};

const OCTETS: Readonly<Record<string, string | Buffer>> = {
  'bare CR': mail('cr', lines('a\rb', '\r.\r', '\rFrom x')),
  // Wherever a block of the stream ends, it ends between two of them.
  'nothing but bare CR': mail('only cr', `${'\r'.repeat(MIB / 4)}\r\n`),
  'CR as the last octet': mail('last cr', 'text\r'),
  'bare LF': mail('lf', 'a\nb\n.\n.c\nFrom x\nd\r\n'),
  'nothing but bare LF': mail('only lf', 'a\n\n.\nFrom x\n').replaceAll('\r', ''),
  CRCRLF: mail('crcrlf', 'a\r\r\nb\r\r\n\r\r\n.\r\r\nc\r\n'),
  LFCR: mail('lfcr', 'a\n\rb\n\r\r\n'),
  NUL: mail('nul', lines('a\0b', '\0', '\0.')),
  'NUL in the header': 'Subject: a\0b\r\n\r\ntext\r\n',
  '8-bit octets that are not UTF-8': mail(
    '8-bit',
    lines('\xe4\xf6\xfc', '\xff\xfe', '\xc3(', '\xed\xa0\x80'),
  ),
  'every octet': Buffer.concat([
    Buffer.from(mail('all', '')),
    Buffer.from(Array.from({ length: 65_536 }, (_, index) => (index * 7 + (index >> 8)) % 256)),
    Buffer.from('\r\n'),
  ]),
  'UTF-16': Buffer.concat([Buffer.from(mail('utf-16', '')), Buffer.from('\ufeffFrom x\r\n.\r\n', 'utf16le')]),
  'octets that end a terminal session': mail('control', lines('\x04', '\x1a', '\x1b[2J', '\x7f')),
};

const SHAPES: Readonly<Record<string, string>> = {
  'an empty body': mail('empty body', ''),
  'a header without an empty line': 'From: a@mail.example\r\nSubject: header only\r\n',
  'a header without any line end': 'Subject: one line',
  'nothing at all': '',
  'nothing but a line end': '\r\n',
  'no header': 'this is not a header field\r\n\r\nnor this\r\n',
  'no header, but an empty line': '\r\nonly a body\r\n',
  'a From line as the first line': `From a@mail.example Thu Jan  1 00:00:00 2026\r\n${mail('from_', 'text\r\n')}`,
  'a quoted From line as the first line': `>From a@mail.example Thu Jan  1 00:00:00 2026\r\n${mail('>from_', 'text\r\n')}`,
  'a hundred nested parts': nested(100),
  'a part without an end': `${multipart('cut')}--cut\r\nContent-Type: text/plain\r\n\r\ntext\r\n`,
};

const HEADERS: Readonly<Record<string, string | Buffer>> = {
  'RFC 2047': `Subject: =?UTF-8?B?5bGx55Sw?= =?x?Q?=FF?= =?UTF-8?Q?\r\n =C3=BC?=\r\nFrom: =?ISO-8859-1?Q?Ren=E9e?= <r@mail.example>\r\n\r\ntext\r\n`,
  'RFC 2231': `Content-Type: application/x; name*0*=utf-8''%E2%82%AC;\r\n name*1=" rates";\r\n name*2*=%FF\r\n\r\ntext\r\n`,
  'RFC 6532': Buffer.from('From: Jürgen <jürgen@mäil.example>\r\nSubject: 山田 😀\r\n\r\ntext\r\n', 'utf8'),
  'a Content-Length that is too large': `Content-Length: 4000\r\n${mail('too large', 'text\r\n')}`,
  'a Content-Length that is too small': `Content-Length: 3\r\n${mail('too small', lines('text', 'From x', 'text'))}`,
  'fields of an mbox': `Status: RO\r\nX-Status: A\r\nX-UID: 7\r\nX-IMAPbase: 1 9\r\n${mail('status', 'text\r\n')}`,
  'a header field of 100 KB': `X-Long: ${'y'.repeat(100_000)}\r\n${mail('long field', 'text\r\n')}`,
  'a folded header field of 100 KB': `X-Long: x\r\n${' y\r\n'.repeat(25_000)}${mail('folded', 'text\r\n')}`,
  '2000 header fields': `${Array.from({ length: 2000 }, (_, index) => `X-${index}: ${index}\r\n`).join('')}${mail('many', 'text\r\n')}`,
  'From lines in the header': `Subject: a\r\n From b\r\nFrom c\r\n>From d\r\n\r\ntext\r\n`,
  'fields that are doubled and odd': `Message-ID: <1@x>\r\nMESSAGE-ID : <2@x>\r\nDate: never\r\n: empty\r\nReturn-Path: <a b\r\n\r\n`,
  'a Return-Path that is another From line': `Return-Path: <x\nFrom y>\r\n${mail('return', 'text\r\n')}`,
};

function large(): Readonly<Record<string, Buffer>> {
  const base64 = `${Buffer.alloc(57, 'Mailferry').toString('base64')}\r\n`;
  const head = `${multipart('big')}--big\r\nContent-Type: application/octet-stream\r\n`;
  const attachment = base64.repeat(Math.ceil((20 * MIB) / base64.length));
  return {
    'an attachment of 20 MB': Buffer.from(
      `${head}Content-Transfer-Encoding: base64\r\n\r\n${attachment}--big--\r\n`,
    ),
  };
}

function multipart(boundary: string): string {
  return `Subject: parts\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=${boundary}\r\n\r\n`;
}

function nested(depth: number): string {
  const parts = Array.from({ length: depth }, (_, level) => level);
  const heads = parts.map(
    (level) => `Content-Type: multipart/mixed; boundary=b${level}\r\n\r\n--b${level}\r\n`,
  );
  const ends = parts.toReversed().map((level) => `--b${level}--\r\n`);
  return `Subject: nested\r\nMIME-Version: 1.0\r\n${heads.join('')}Content-Type: text/plain\r\n\r\ntext\r\n${ends.join('')}`;
}
