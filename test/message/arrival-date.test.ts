import { expect, test } from 'vitest';
import { arrivalDate } from '../../src/message/arrival-date.ts';

const NOW = Date.UTC(2026, 10, 30);

const DATE = 'Date: Wed, 4 Feb 2015 10:11:12 +0100';

test.each([
  [
    'the topmost Received field',
    `Received: from a; Tue, 3 Feb 2015 10:11:12 +0100\r\nReceived: b; Mon, 2 Feb 2015 10:11:12 GMT\r\n${DATE}`,
    '2015-02-03T09:11:12.000Z',
  ],
  [
    'a folded one, with a comment',
    'Received: from a (b; c)\r\n by d;\r\n\tTue, 3 Feb 2015 10:11:12 +0100 (CET)',
    '2015-02-03T09:11:12.000Z',
  ],
  ['Date, where there is none', DATE, '2015-02-04T09:11:12.000Z'],
  ['Date, where a Received field has no time', `Received: by a for b\r\n${DATE}`, '2015-02-04T09:11:12.000Z'],
  [
    'Date, where a Received field is from the future',
    `Received: by a; Tue, 3 Feb 2099 10:11:12 +0100\r\n${DATE}`,
    '2015-02-04T09:11:12.000Z',
  ],
  ['nothing, where a clock began anew', 'Date: Thu, 1 Jan 1970 00:00:01 +0000', undefined],
  ['nothing, where there is no time', 'Date: soon\r\nSubject: x', undefined],
  ['nothing of the text below the header', `Subject: x\r\n\r\n${DATE}`, undefined],
])('a message came at the time of %s', (_, header, expected) => {
  expect(arrivalDate(Buffer.from(`${header}\r\n\r\n`), NOW)?.toISOString()).toBe(expected);
});
