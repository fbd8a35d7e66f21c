import { expect } from 'vitest';
import { ERR, MESSAGES, OK, type Rule, reentered, rows, SIZES, TOTAL } from './visit.ts';

export function describeListing(rule: Rule): void {
  // RFC 1939 §5 [stat]
  rule('STAT tells how many messages and octets there are', async (visit) => {
    const client = await visit.entered();
    expect(await client.command('STAT')).toBe(`+OK 3 ${TOTAL}`);
  });

  // RFC 1939 §5 [stat-deleted, list-deleted]
  // RFC 1939 §7 [uidl-deleted]
  rule('STAT, LIST and UIDL leave out what is marked', async (visit) => {
    const client = await visit.entered();
    await client.command('DELE 1');
    expect(await client.command('STAT')).toBe(`+OK 2 ${TOTAL - (SIZES[0] ?? 0)}`);
    expect(rows(await client.multiline('LIST'))).toEqual([`2 ${SIZES[1]}`, `3 ${SIZES[2]}`]);
    expect(rows(await client.multiline('UIDL')).map((row) => row.split(' ')[0])).toEqual(['2', '3']);
  });

  // RFC 1939 §4 [numbers-from-one]
  // RFC 1939 §5 [list]
  // RFC 6856 §2.1 [size-as-sent]
  rule(
    'LIST numbers the messages from 1 and gives the octets that RETR sends, without the doubled dots',
    async (visit) => {
      const client = await visit.entered();
      expect(rows(await client.multiline('LIST'))).toEqual(
        SIZES.map((size, index) => `${index + 1} ${size}`),
      );
    },
  );

  // RFC 1939 §5 [list-one]
  rule('LIST with a number answers in one line', async (visit) => {
    const client = await visit.entered();
    expect(await client.command('LIST 2')).toBe(`+OK 2 ${SIZES[1]}`);
    expect(await client.command('LIST 4')).toMatch(ERR);
  });

  // RFC 1939 §5 [list]
  rule('LIST and UIDL of an empty maildrop are nothing but the dot', async (visit) => {
    const client = await visit.entered();
    client.send('DELE 1\r\nDELE 2\r\nDELE 3\r\nQUIT\r\n');
    await client.rest();
    const next = await visit.entered();
    expect(await next.command('STAT')).toBe('+OK 0 0');
    expect(rows(await next.multiline('LIST'))).toEqual([]);
    expect(rows(await next.multiline('UIDL'))).toEqual([]);
  });

  // RFC 1939 §5 [message-number]
  rule('numbers that are none, 0 or out of range are refused', async (visit) => {
    const client = await visit.entered();
    // Some hang up after twenty bad commands.
    const numbers = ['0', '4', '-1', '+1', '1x', '0x1', '4294967297', '18446744073709551617', '1 1'];
    const commands = numbers.map((number) => `RETR ${number}`);
    for (const command of ['LIST', 'DELE', 'UIDL']) commands.push(`${command} 0`, `${command} 4294967297`);
    for (const command of commands) {
      expect([command, await client.command(command)]).toEqual([command, expect.stringMatching(ERR)]);
    }
    expect(await client.command('STAT')).toBe(`+OK 3 ${TOTAL}`);
  });

  // RFC 1939 §7 [uidl, uidl-characters]
  rule('UIDL gives unique-ids of 1 to 70 visible characters, each another', async (visit) => {
    const client = await visit.entered();
    const ids = rows(await client.multiline('UIDL')).map((row) => row.split(' '));
    expect(ids.map(([number]) => number)).toEqual(['1', '2', '3']);
    for (const [, id] of ids) expect(id).toMatch(/^[\x21-\x7e]{1,70}$/);
    expect(new Set(ids.map(([, id]) => id)).size).toBe(3);
    expect(await client.command('UIDL 2')).toBe(`+OK 2 ${ids[1]?.[1]}`);
    expect(await client.command('UIDL 4')).toMatch(ERR);
  });

  // RFC 1939 §7 [uidl-stable]
  rule('unique-ids stay over sessions, while the numbers move up', async (visit) => {
    const first = await visit.entered();
    const before = rows(await first.multiline('UIDL')).map((row) => row.split(' ')[1]);
    await first.command('DELE 1');
    await first.command('QUIT');
    const second = await visit.entered();
    const after = rows(await second.multiline('UIDL'));
    expect(after).toEqual([`1 ${before[1]}`, `2 ${before[2]}`]);
  });
}

export function describeReading(rule: Rule): void {
  // RFC 1939 §5 [retr]
  rule('RETR gives the whole message, as often as asked', async (visit) => {
    const client = await visit.entered();
    for (let time = 0; time < 2; time += 1) {
      expect(await client.command('RETR 1')).toMatch(OK);
      expect((await client.body()).toString()).toBe(`${String(MESSAGES[0])}.\r\n`);
    }
    expect(await client.command('RETR 4')).toMatch(ERR);
  });

  // RFC 1939 §7 [top]
  rule('TOP gives the header, the blank line and so many lines', async (visit) => {
    const client = await visit.entered();
    const top = async (lines: number): Promise<string> => {
      expect(await client.command(`TOP 1 ${lines}`)).toMatch(OK);
      return (await client.body()).toString();
    };
    const header = 'Subject: one\r\nFrom: a@mail.example\r\n\r\n';
    expect(await top(0)).toBe(`${header}.\r\n`);
    expect(await top(2)).toBe(`${header}first\r\nsecond\r\n.\r\n`);
  });

  // RFC 1939 §7 [top-more-lines]
  rule('TOP with more lines than there are gives the whole message', async (visit) => {
    const client = await visit.entered();
    expect(await client.command('TOP 1 9999')).toMatch(OK);
    expect((await client.body()).toString()).toBe(`${String(MESSAGES[0])}.\r\n`);
  });

  // RFC 1939 §7 [top-arguments]
  rule('TOP needs a message and a count of lines', async (visit) => {
    const client = await visit.entered();
    for (const command of ['TOP', 'TOP 1', 'TOP 1 -1', 'TOP 1 x', 'TOP 0 0', 'TOP 4 0']) {
      expect([command, await client.command(command)]).toEqual([command, expect.stringMatching(ERR)]);
    }
  });

  // RFC 1939 §5 [noop]
  rule('NOOP does nothing', async (visit) => {
    const client = await visit.entered();
    expect(await client.command('NOOP')).toMatch(OK);
    expect(await client.command('STAT')).toBe(`+OK 3 ${TOTAL}`);
  });
}

export function describeDeleting(rule: Rule): void {
  // RFC 1939 §5 [dele-twice, retr-deleted]
  rule('a marked message is there for no command', async (visit) => {
    const client = await visit.entered();
    expect(await client.command('DELE 2')).toMatch(OK);
    for (const command of ['DELE 2', 'RETR 2', 'LIST 2', 'UIDL 2', 'TOP 2 0']) {
      expect([command, await client.command(command)]).toEqual([command, expect.stringMatching(ERR)]);
    }
  });

  // RFC 1939 §5 [numbers-fixed, dele]
  rule('a number stays with its message for the whole session', async (visit) => {
    const client = await visit.entered();
    await client.command('DELE 1');
    expect(await client.command('RETR 2')).toMatch(OK);
    expect((await client.body()).toString()).toMatch(/^Subject: dots\r\n/);
  });

  // RFC 1939 §5 [rset]
  rule('RSET takes the marks back', async (visit) => {
    const client = await visit.entered();
    await client.command('DELE 1');
    await client.command('DELE 3');
    expect(await client.command('RSET')).toMatch(OK);
    expect(await client.command('STAT')).toBe(`+OK 3 ${TOTAL}`);
    await client.command('QUIT');
    expect(await (await visit.entered()).command('STAT')).toBe(`+OK 3 ${TOTAL}`);
  });

  // RFC 1939 §6 [quit-update, remove-only-marked]
  rule('QUIT removes what is marked, and nothing else', async (visit) => {
    const client = await visit.entered();
    await client.command('DELE 2');
    expect(await client.command('QUIT')).toMatch(OK);
    expect(await client.rest()).toHaveLength(0);
    const next = await visit.entered();
    expect(rows(await next.multiline('LIST'))).toEqual([`1 ${SIZES[0]}`, `2 ${SIZES[2]}`]);
  });

  // RFC 1939 §6 [no-update-on-abort]
  rule('nothing is removed when the connection drops or ends without QUIT', async (visit) => {
    const dropped = await visit.entered();
    await dropped.command('DELE 1');
    dropped.drop();
    const ended = await reentered(visit);
    expect(await ended.command('STAT')).toBe(`+OK 3 ${TOTAL}`);
    await ended.command('DELE 1');
    ended.end();
    await ended.rest();
    const next = await reentered(visit);
    expect(await next.command('STAT')).toBe(`+OK 3 ${TOTAL}`);
  });
}
