/**
 * Realistic messages, always the same ones for the same count: plain text, HTML with attachments, mailing lists,
 * other scripts, and the lines that careless programs damage (leading dots, `From `, long ones, 8-bit octets).
 */
export function sampleMail(count: number): Buffer[] {
  const random = sequence(20_261_123);
  return Array.from({ length: count }, (_, index) => message(index, random));
}

type Random = (below: number) => number;

const PEOPLE = [
  'Ada Byron <ada@analytical.example>',
  '=?UTF-8?Q?J=C3=BCrgen_M=C3=BCller?= <juergen@werkstatt.example>',
  'Grace H. <grace@navy.example>',
  '=?UTF-8?B?5bGx55Sw5aSq6YOO?= <taro@mail.example>',
  '"The Build Server" <ci@builds.example>',
  'Newsletter <news@gardening.example>',
  '=?ISO-8859-1?Q?Ren=E9e?= <renee@boulangerie.example>',
];
const SUBJECTS = [
  'Minutes of Tuesday',
  'Re: the pump in the cellar',
  '=?UTF-8?Q?Gr=C3=BC=C3=9Fe_aus_Z=C3=BCrich?=',
  'Your invoice 4711',
  '[boats] Mooring for the winter',
  'Build 2048 is green again',
  '=?UTF-8?B?5Lya6K2w44Gu5LqI5a6a?=',
  'photos, as promised',
];
const SENTENCES = [
  'The ferry leaves at seven and waits for nobody.',
  'Please have a look at the second page before you sign.',
  'We measured it three times and got three answers.',
  'The bread was very good, thank you again.',
  'If the valve sticks, turn it the other way first.',
  'I will be on the train until noon, without a connection.',
];

function message(index: number, random: Random): Buffer {
  const from = pick(PEOPLE, random);
  const date = new Date(Date.UTC(2026, 0, 1) + index * 5_400_000).toUTCString().replace('GMT', '+0000');
  const header = [
    `Return-Path: <bounce-${index}@mail.example>`,
    `Received: from mx.example (mx.example [192.0.2.${1 + random(250)}])\r\n\tby pop.example with ESMTPS id ${hex(random)};\r\n\t${date}`,
    `From: ${from}`,
    'To: You <you@home.example>',
    `Subject: ${pick(SUBJECTS, random)}`,
    `Date: ${date}`,
    `Message-ID: <${index}.${hex(random)}@mail.example>`,
    'MIME-Version: 1.0',
  ];
  const [more, body] = content(index, random);
  return Buffer.from(`${[...header, ...more].join('\r\n')}\r\n\r\n${body}`, 'latin1');
}

function content(index: number, random: Random): [readonly string[], string] {
  if (index % 10 === 3) return withAttachment(random, 2_000 + random(60_000));
  if (index % 50 === 7) return withAttachment(random, 700_000);
  if (index % 10 === 5) return html(random);
  if (index % 10 === 8) return awkward(random);
  const eightBit = 'Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: 8bit';
  return [[eightBit], `${prose(random, 3 + random(30))}Sch\u00f6ne Gr\u00fc\u00dfe\r\n`];
}

function prose(random: Random, lines: number): string {
  return Array.from({ length: lines }, () => `${pick(SENTENCES, random)}\r\n`).join('');
}

function html(random: Random): [readonly string[], string] {
  const rows = Array.from({ length: 40 + random(200) }, () => `<p>${pick(SENTENCES, random)}</p>\r\n`).join(
    '',
  );
  return [['Content-Type: text/html; charset=utf-8'], `<html><body>\r\n${rows}</body></html>\r\n`];
}

/** What a program that is careless with lines would change. */
function awkward(random: Random): [readonly string[], string] {
  const lines = [
    '.',
    '..two dots',
    '.hidden',
    'From the beginning of a line',
    '>From once quoted',
    'x'.repeat(2_000),
    'a bare \r in the line',
    'tabs\tand\u0000a NUL',
    '',
    '.',
  ];
  return [['Content-Type: text/plain; charset=us-ascii'], `${prose(random, 2)}${lines.join('\r\n')}\r\n`];
}

function withAttachment(random: Random, octets: number): [readonly string[], string] {
  const boundary = `=_${hex(random)}`;
  const bytes = Buffer.from(Array.from({ length: octets }, () => random(256)));
  const base64 = bytes.toString('base64').replaceAll(/.{76}/g, '$&\r\n');
  const parts = [
    `--${boundary}\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n${prose(random, 4)}`,
    `--${boundary}\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n` +
      `Content-Disposition: attachment;\r\n filename*=utf-8''Pl%C3%A4ne.bin\r\n\r\n${base64}\r\n`,
    `--${boundary}--\r\n`,
  ];
  return [[`Content-Type: multipart/mixed; boundary="${boundary}"`], parts.join('')];
}

function pick<T>(choices: readonly T[], random: Random): T {
  return choices[random(choices.length)] as T;
}

function hex(random: Random): string {
  return random(2 ** 31)
    .toString(16)
    .padStart(8, '0');
}

/** Numbers that look random and are the same each time (a linear congruential generator). */
function sequence(seed: number): Random {
  let state = BigInt(seed);
  return (below) => {
    state = (state * 6_364_136_223_846_793_005n + 1_442_695_040_888_963_407n) % 2n ** 64n;
    return Number((state >> 33n) % BigInt(below));
  };
}
