import { expect } from 'vitest';
import { ERR, OK, type Rule, rows, TOTAL } from './visit.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');

export function describeExtensions(rule: Rule): void {
  // RFC 2449 §5 [capa-both-states, capa-lists-both]
  // RFC 5034 §3 [sasl-after-login]
  rule(
    'CAPA is answered before and after the login; what belongs to the login stays listed',
    async (visit) => {
      const client = await visit.greeted();
      const before = rows(await client.multiline('CAPA'));
      await client.logIn(visit.user);
      const after = rows(await client.multiline('CAPA'));
      for (const tag of ['USER', 'SASL']) {
        expect(before.filter((line) => line.split(' ')[0] === tag)).toHaveLength(1);
        expect(after.filter((line) => line.split(' ')[0] === tag)).toHaveLength(1);
      }
    },
  );

  // RFC 2449 §6.1 [capa-top]
  // RFC 2449 §6.2 [capa-user]
  // RFC 2449 §6.3 [capa-sasl]
  // RFC 2449 §6.4 [capa-resp-codes]
  // RFC 2449 §6.8 [capa-uidl]
  // RFC 3206 §3 [announced]
  // RFC 5034 §4 [plain-offered]
  rule('what there is, is announced', async (visit) => {
    const lines = rows(await (await visit.greeted()).multiline('CAPA'));
    const tags = lines.map((line) => line.split(' ')[0]);
    const expected = ['TOP', 'USER', 'UIDL', 'RESP-CODES', 'AUTH-RESP-CODE', 'PIPELINING', 'STLS'];
    expect(tags).toEqual(expect.arrayContaining(expected));
    expect(lines.find((line) => line.startsWith('SASL '))?.split(' ')).toContain('PLAIN');
  });

  // RFC 2449 §8 [code-position]
  rule('a response code stands right behind -ERR', async (visit) => {
    const client = await visit.greeted();
    await client.command(`USER ${visit.user}`);
    expect(await client.command('PASS wrong')).toMatch(/^-ERR \[[A-Z/-]+\] \S/);
  });
}

export function describeSasl(rule: Rule): void {
  // RFC 5034 §4 [initial-response]
  rule('AUTH PLAIN lets in with an initial response', async (visit) => {
    const client = await visit.greeted();
    expect(await client.command(`AUTH PLAIN ${base64(`\0${visit.user}\0secret`)}`)).toMatch(OK);
    expect(await client.command('STAT')).toMatch(OK);
  });

  // RFC 5034 §4 [empty-challenge]
  rule('AUTH PLAIN without one asks for it with an empty challenge', async (visit) => {
    const client = await visit.greeted();
    expect(await client.command('AUTH PLAIN')).toBe('+ ');
    expect(await client.command(base64(`\0${visit.user}\0secret`))).toMatch(OK);
  });

  // RFC 5034 §4 [cancel, state-after-failure]
  rule('an asterisk calls AUTH off, and another login may follow', async (visit) => {
    const client = await visit.greeted();
    await client.command('AUTH PLAIN');
    expect(await client.command('*')).toMatch(ERR);
    expect(await client.logIn(visit.user)).toMatch(OK);
  });

  // RFC 5034 §4 [strict-base64]
  rule('what is no base64 is refused', async (visit) => {
    const client = await visit.greeted();
    expect(await client.command('AUTH PLAIN')).toBe('+ ');
    expect(await client.command('!!!not base64!!!')).toMatch(ERR);
    expect(await client.logIn(visit.user)).toMatch(OK);
  });

  // RFC 5034 §4 [unknown-mechanism]
  rule('a mechanism that is not there is refused', async (visit) => {
    const client = await visit.greeted();
    expect(await client.command('AUTH XYZZY')).toMatch(ERR);
    expect(await client.logIn(visit.user)).toMatch(OK);
  });

  // RFC 5034 §4 [authorization-identity]
  rule('nobody may act for somebody else', async (visit) => {
    const client = await visit.greeted();
    expect(await client.command(`AUTH PLAIN ${base64(`rule0\0${visit.user}\0secret`)}`)).toMatch(ERR);
  });
}

export function describeTls(rule: Rule, ca: () => string): void {
  // RFC 2595 §4 [stls, stls-once, stls-stays-authorization]
  rule('STLS begins TLS, once, and the login is still to come', async (visit) => {
    const client = await visit.greeted();
    expect(await client.command('STLS')).toMatch(OK);
    await client.startTls(ca());
    expect(rows(await client.multiline('CAPA'))).not.toContain('STLS');
    expect(await client.command('STLS')).toMatch(ERR);
    expect(await client.command('STAT')).toMatch(ERR);
    expect(await client.logIn(visit.user)).toMatch(OK);
  });

  // RFC 2595 §4 [stls-authorization-only]
  rule('STLS is refused after the login', async (visit) => {
    expect(await (await visit.entered()).command('STLS')).toMatch(ERR);
  });

  // RFC 2595 §4 [stls-forgets]
  rule('USER before STLS counts no more within TLS', async (visit) => {
    const client = await visit.greeted();
    await client.command(`USER ${visit.user}`);
    await client.command('STLS');
    await client.startTls(ca());
    expect(await client.command('PASS secret')).toMatch(ERR);
  });

  // RFC 2595 §4 [stls-no-clear-text]
  rule('clear text behind STLS is never answered', async (visit) => {
    const client = await visit.greeted();
    client.send(`STLS\r\nUSER ${visit.user}\r\nPASS secret\r\nDELE 1\r\nQUIT\r\n`);
    client.end();
    expect((await client.rest()).toString('latin1')).toMatch(/^\+OK[^\r\n]*\r\n$/);
    expect(await (await visit.entered()).command('STAT')).toBe(`+OK 3 ${TOTAL}`);
  });
}
