import { describe, expect, it } from 'vitest';
import { account, parse, problemsOf } from './fixtures.ts';

const mailbox = (more: string, password = 's3same'): string =>
  account({ deliver: `{ type: imap, host: imap.example.net, user: me, password: ${password}${more} }` });

async function destination(text: string, env: Readonly<Record<string, string>> = {}): Promise<unknown> {
  const { accounts } = await parse(text, { env });
  return accounts[0]?.account.destinations[0];
}

describe('a mailbox over IMAP', () => {
  it('needs no more than its server, a name and a password', async () => {
    expect(await destination(mailbox(''))).toMatchObject({
      host: 'imap.example.net',
      port: 993,
      tls: 'implicit',
      user: 'me',
      auth: 'password',
      mailbox: 'INBOX',
      timeoutMs: 300_000,
    });
  });

  it.each([
    [', tls: starttls', { port: 143, tls: 'starttls' }],
    [', port: 1143, tls: starttls', { port: 1143 }],
    [', caFile: ca.pem', { caFile: '/etc/mailferry/ca.pem' }],
    [
      ', mailbox: Old/2026, auth: oauth2, timeout: 1h',
      { mailbox: 'Old/2026', auth: 'oauth2', timeoutMs: 3_600_000 },
    ],
  ])('is told otherwise by%s', async (more, expected) => {
    expect(await destination(mailbox(more))).toMatchObject(expected);
  });

  it('I5: with a password in the file needs one that nobody else can read', async () => {
    const problems = await problemsOf(mailbox(''), { openToOthers: true });
    expect(problems).toEqual([expect.stringContaining('deliver: a password is written here')]);
    expect(problems.join()).not.toContain('s3same');
    expect(await problemsOf(mailbox('', '{ env: PW }'), { openToOthers: true })).toEqual([]);
  });

  it('I5: is not printed with its password', async () => {
    expect(JSON.stringify(await parse(mailbox('')))).not.toContain('s3same');
    for (const wrong of ['[s3same]', '{ s3same: 1 }', '12345'])
      expect((await problemsOf(mailbox('', wrong))).join()).not.toMatch(/\[.?s3same|12345/);
  });

  it('I5: keeps the variable of its password from every command', async () => {
    const text = mailbox('', '{ env: PW }').replace('accounts:', 'defaults: { preconnect: x }\naccounts:');
    const { accounts } = await parse(text, { env: { PATH: '/bin', PW: 's3same' } });
    expect(accounts[0]?.preconnect?.env).toEqual({ PATH: '/bin' });
  });

  it('is a destination of an account once', async () => {
    const one = '{ type: imap, host: h, user: me, password: x }';
    expect(await problemsOf(account({ deliver: `[${one}, ${one}]` }))).toEqual([
      expect.stringContaining('"INBOX of me at h:993" is a destination of this account already'),
    ]);
  });
});
