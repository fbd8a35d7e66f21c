import { createHash } from 'node:crypto';
import { seededRandom } from '../torture/scale.ts';

/** What the messages of a scenario look like. */
export type Mix = 'small' | 'typical' | { readonly octets: number };

/** Of a log-normal distribution with a mean of five times its median. */
const SPREAD = 1.794;
const MEDIAN_OCTETS = 12 * 1024;
const MOST_OCTETS = 4 * 1024 * 1024;
const SMALL_OCTETS = 2048;

/** One Maildir file as a server holds it, with LF as line end. The same index gives the same octets. */
export function message(index: number, mix: Mix): Buffer {
  const random = seededRandom(index + 1);
  const header = `Return-Path: <someone@mail.example>
Received: from mx.example (mx.example [192.0.2.1]) by mail.example with ESMTP id ${index}
From: Someone <someone@mail.example>
To: me@example.org
Subject: message ${index} of the bench
Date: Thu, 26 Nov 2026 12:00:00 +0000
Message-ID: <${index}@bench.example>
MIME-Version: 1.0
Content-Type: text/plain; charset=us-ascii

`;
  const octets = octetsOf(mix, random);
  const parts: Buffer[] = [Buffer.from(header)];
  let size = header.length;
  const block = paragraph(random);
  while (size < octets) {
    parts.push(block.subarray(0, Math.max(2, Math.min(block.length, octets - size))));
    size += block.length;
  }
  const whole = Buffer.concat(parts);
  whole[whole.length - 1] = 0x0a;
  return whole;
}

/** About 64 KiB of lines; one in forty begins with a dot. */
function paragraph(random: () => number): Buffer {
  const lines: string[] = [];
  for (let line = 0; line < 820; line += 1) {
    const digits = createHash('sha256').update(`${random()}`).digest('base64');
    lines.push(`${line % 40 === 7 ? '.' : ''}${digits}${digits.slice(0, 32)}`);
  }
  return Buffer.from(`${lines.join('\n')}\n`);
}

function octetsOf(mix: Mix, random: () => number): number {
  if (mix === 'small') return SMALL_OCTETS;
  if (mix !== 'typical') return mix.octets;
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return Math.min(MOST_OCTETS, Math.round(MEDIAN_OCTETS * Math.exp(SPREAD * normal)));
}
