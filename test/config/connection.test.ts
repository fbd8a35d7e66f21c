import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { Secret } from '../../src/secret.ts';
import { authority, certificate } from '../support/certificates.ts';
import { account, parse, problemsOf, temporaryFolder, write } from './fixtures.ts';

const NO_SERVER = { host: null, user: null };

describe('url', () => {
  it.each([
    [
      'pops://me%40example.org@pop.example.org',
      { host: 'pop.example.org', port: 995, tls: 'implicit', auth: 'auto' },
    ],
    ['pop://me%40example.org@pop.example.org', { host: 'pop.example.org', port: 110, tls: 'starttls' }],
    [
      'pops://me%40example.org;AUTH=SCRAM-SHA-256@pop.example.org:1995',
      { port: 1995, tls: 'implicit', auth: 'scram-sha-256' },
    ],
  ])('%s stands for the keys that it says', async (url, expected) => {
    const { accounts } = await parse(account({ ...NO_SERVER, url }));
    expect(accounts[0]?.account).toMatchObject({ user: 'me@example.org', ...expected });
  });

  it('leaves to other keys what it does not say', async () => {
    const changes = { host: null, url: 'pop://localhost', tls: 'none', port: '1110', auth: 'login' };
    const { accounts } = await parse(account(changes));
    const expected = { host: 'localhost', user: 'me@example.org', tls: 'none', port: 1110, auth: 'login' };
    expect(accounts[0]?.account).toMatchObject(expected);
  });

  it.each([
    [{ url: 'pops://pop.example.org' }, '3:11: accounts.work.host: "url" says the host already'],
    [{ host: null, url: 'pops://x@h', tls: 'starttls' }, 'accounts.work.tls: "url" says the tls already'],
    [{ host: null, user: 'x', url: 'pops://x@h' }, 'accounts.work.user: "url" says the user already'],
    [{ host: null, url: 'pop://h', tls: 'none' }, 'accounts.work.tls: without TLS the password'],
    [{ host: null, url: 'imap://h' }, 'accounts.work.url: The POP URL cannot be used'],
    [{ user: null, host: null, url: 'pops://h' }, 'missing "user"'],
  ])('%j is reported in its place', async (changes, message) => {
    const problems = await problemsOf(account(changes));
    expect(problems.join('\n')).toContain(message);
  });

  it('I5: shows no password that was written into it', async () => {
    const problems = await problemsOf(account({ ...NO_SERVER, url: 'pop://me:s3same@host' }));
    expect(problems[0]).toContain('a password has no place in it');
    expect(problems.join()).not.toContain('s3same');
  });
});

describe('a proxy', () => {
  const proxy = 'socks5://me:s3same@127.0.0.1:1080';

  it('is kept as a secret', async () => {
    const { accounts } = await parse(account({ proxy }));
    const [work] = accounts;
    expect(work?.account.line.proxy).toBeInstanceOf(Secret);
    expect(inspect(work, { depth: 9 }) + JSON.stringify(work)).not.toContain('s3same');
  });

  it('I5: is not shown where it is wrong', async () => {
    for (const wrong of ['gopher://me:s3same@h', 'http://me:s3same@h/%', '[s3same]']) {
      const problems = await problemsOf(account({ proxy: wrong }));
      expect(problems).toHaveLength(1);
      expect(problems.join()).not.toContain('s3same');
    }
  });

  it('I5: with a password needs a file that nobody else can read', async () => {
    const [problem] = await problemsOf(account({ proxy }), { openToOthers: true });
    expect(problem).toContain('chmod 600');
    expect(await problemsOf(account({ proxy: 'socks5://h' }), { openToOthers: true })).toEqual([]);
  });

  it.each([
    ['proxy', 'http://proxy.example.org'],
    ['tunnel', 'ssh gateway'],
  ])('I5: or tunnel (%s) makes a loopback address one of another machine', async (key, value) => {
    const [problem] = await problemsOf(account({ host: '127.0.0.1', tls: 'none', [key]: value }));
    expect(problem).toContain('without TLS the password');
  });
});

describe('a tunnel', () => {
  it('is a command that works in the folder of the configuration, without anybody’s password', async () => {
    const env = { PATH: '/bin', MAIL_PASSWORD: 's3same' };
    const { accounts } = await parse(account({ tunnel: '[ssh, -W, "%h:%p", gateway]' }), { env });
    expect(accounts[0]?.account.line.tunnel).toEqual({
      command: ['ssh', '-W', '%h:%p', 'gateway'],
      folder: '/etc/mailferry',
      env: { PATH: '/bin' },
    });
  });

  it.each([
    ['proxy', 'socks5://h'],
    ['sourceAddress', '127.0.0.1'],
  ])('cannot be used with %s', async (key, value) => {
    expect(await problemsOf(account({ tunnel: 'x', [key]: value }))).toEqual([
      expect.stringContaining(`cannot be used with "${key}"`),
    ]);
  });
});

describe('the line', () => {
  it('takes what it is checked by', async () => {
    const pinSha256 = Array.from({ length: 32 }, () => 'AB').join(':');
    const changes = {
      serverName: 'mail.example.org',
      pinSha256: `"${pinSha256}"`,
      sourceAddress: '"::1"',
      language: 'de',
    };
    const { accounts } = await parse(account(changes));
    expect(accounts[0]?.account.line).toEqual({
      serverName: 'mail.example.org',
      pinSha256,
      sourceAddress: '::1',
      language: 'de',
    });
  });

  it.each([
    ['serverName', 'a b', 'expected the name that the certificate must hold, found "a b"'],
    ['pinSha256', 'abc', 'expected a SHA-256 as 64 hexadecimal digits, with or without colons, found "abc"'],
    ['sourceAddress', 'eth0', 'expected an IPv4 or IPv6 address of this machine, found "eth0"'],
    ['language', '"de\\r\\nQUIT"', 'expected the tag of a language'],
    ['tunnel', '[]', 'expected a command'],
    ['clientCertificate', 'me.pem', 'expected { certFile: …, keyFile: … }, found a text'],
    ['clientCertificate', '{ certFile: x, keyfile: y }', 'did you mean "keyFile"?'],
    ['auth', 'external', 'external needs a certificate to log in with'],
  ])('%s: %s is reported', async (key, value, message) => {
    expect((await problemsOf(account({ [key]: value }))).join('\n')).toContain(message);
  });
});

describe('a certificate of the client', () => {
  const { cert, key } = certificate({ names: ['alice.example'] });
  const keys = {
    clientCertificate: '{ certFile: cert.pem, keyFile: key.pem }',
    auth: 'external',
    password: null,
  };

  async function problemsWith(
    certificates: string,
    secret: string,
    mode = 0o600,
  ): Promise<readonly string[]> {
    const folder = temporaryFolder();
    write(`${folder}/cert.pem`, certificates);
    write(`${folder}/key.pem`, secret, mode);
    return problemsOf(account(keys), { path: `${folder}/config.yaml` });
  }

  it('is read with its key, which stays a secret, and needs no password', async () => {
    const folder = temporaryFolder();
    write(`${folder}/cert.pem`, `${cert}\n${authority().cert}`);
    write(`${folder}/key.pem`, key);
    const { accounts } = await parse(account(keys), { path: `${folder}/config.yaml` });
    const [work] = accounts;
    expect(work?.account.line.clientCertificate?.cert.match(/BEGIN CERTIFICATE/g)).toHaveLength(2);
    expect(work?.account.line.clientCertificate?.key.reveal()).toBe(key);
    expect((await work?.account.password())?.reveal()).toBe('');
    expect(inspect(work, { depth: 9 })).not.toContain('PRIVATE KEY');
  });

  it.each([
    ['a key that others can read', cert, key, 0o644, 'chmod 600'],
    ['the key of another', cert, certificate().key, 0o600, 'is not that of the first certificate'],
    ['no key', cert, 'x', 0o600, 'holds no key in PEM form'],
    ['no certificate', 'x', key, 0o600, 'no certificate in PEM form'],
    ['an encrypted key', cert, '-----BEGIN ENCRYPTED PRIVATE KEY-----', 0o600, 'is encrypted'],
  ])('with %s is reported in its place', async (...[, certificates, secret, mode, message]) => {
    const problems = await problemsWith(certificates, secret, mode);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(message);
    expect(problems[0]).toMatch(/accounts\.work\.clientCertificate\.(certFile|keyFile): /);
  });
});
