import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ConfigurationError } from '../../src/config/problem.ts';
import { account, parse, problemsOf, temporaryFolder, write } from './fixtures.ts';

describe('a ConfigurationError', () => {
  it('prints all problems as a compiler does, in the order of the file', async () => {
    const text = [
      'concurrency: { acounts: 3 }',
      'accounts:',
      '  work:',
      '    host: pop.example.org',
      '    prot: 995',
      '    port: 99999',
      '    tls: ssl',
      '    user: 12345',
      '    password: 012345',
      '    deliver: { type: maildir, pth: ~/Mail }',
      '    schedule: "*/90 * * * *"',
      '',
    ].join('\n');
    const error: unknown = await parse(text, { path: '/etc/mf.yaml' }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(error).toMatchObject({
      code: 'config',
      file: '/etc/mf.yaml',
      hint: expect.stringContaining('mailferry check'),
    });
    expect(String(error instanceof Error && error.message).split('\n')).toEqual([
      '/etc/mf.yaml:1:16: concurrency: unknown key "acounts"; did you mean "accounts"?',
      '/etc/mf.yaml:3:3: accounts.work: missing "delete", what happens to a message on the server once it is safe ' +
        'here: never (it stays there), after-delivery (it is removed in the same poll) or { after: 30d } (it is ' +
        'removed 30 days after its delivery)',
      '/etc/mf.yaml:5:5: accounts.work: unknown key "prot"; did you mean "port"?',
      '/etc/mf.yaml:6:11: accounts.work.port: expected a port from 1 to 65535, found 99999',
      '/etc/mf.yaml:7:10: accounts.work.tls: expected one of implicit, starttls, none, found "ssl"',
      '/etc/mf.yaml:8:11: accounts.work.user: expected the name to log in with, found 12345; put it in quotes',
      '/etc/mf.yaml:9:15: accounts.work.password: expected a text in quotes, or one of { file: … }, { command: … }, ' +
        '{ env: … }, { credential: … }, { netrc: … }, found a number; put it in quotes',
      '/etc/mf.yaml:10:5: accounts.work.deliver.path: missing; expected the path of the Maildir',
      '/etc/mf.yaml:10:31: accounts.work.deliver: unknown key "pth"; did you mean "path"?',
      '/etc/mf.yaml:11:15: accounts.work.schedule: the step of "*/90" is larger than the minute field, which has 60 ' +
        'values here. Use a smaller step, or an interval such as "every 90m".',
    ]);
  });
});

describe('the message', () => {
  it.each([
    ['port', '"995"', 'expected a port from 1 to 65535, found "995"; leave the quotes out'],
    ['port', '', 'expected a port from 1 to 65535, found nothing'],
    ['port', '99.5', 'expected a port from 1 to 65535, found 99.5'],
    ['host', 'https://pop.example.org', 'write the host alone'],
    ['host', 'pop.example.org:995', 'the port has a key of its own'],
    ['host', '"[::1]"', 'write an IPv6 address without brackets'],
    ['host', 'a b', 'expected the name or address of the POP3 server, found "a b"'],
    ['host', '""', 'found ""'],
    ['user', '"a\\nb"', 'expected the name to log in with, in one line'],
    ['auth', 'digest-md5', 'expected one of auto, user-pass, apop, plain, login'],
    ['allowCleartext', '"yes"', 'expected true or false, found "yes"'],
    ['delete', 'always', 'expected never, after-delivery or { after: 30d }, found "always"'],
    ['delete', 'true', 'expected never, after-delivery or { after: 30d }, found true'],
    [
      'delete',
      '{ after: 30 }',
      'expected a length of time with its unit, such as 30s, 5m, 2h or 30d, found 30',
    ],
    ['delete', '{ after: 0s }', 'from 1s to 36500d, found "0s"'],
    ['delete', '{ after: 1d, before: 2d }', 'unknown key "before"'],
    ['deliver', '{ type: mh, path: x }', 'expected maildir, mbox, mda, lmtp, smtp or imap, found "mh"'],
    ['deliver', '{ path: x }', 'missing; expected maildir, mbox, mda, lmtp, smtp or imap'],
    [
      'deliver',
      '~/Mail',
      'expected { type: maildir, path: … }, { type: mbox, path: … }, { type: mda, command: … } or one of type lmtp, smtp or imap, or a list of them, found "~/Mail"',
    ],
    ['deliver', '{ type: smtp, host: mx.example, tls: none, to: me }', 'mail can be read on the way'],
    ['deliver', '{ type: lmtp, socket: /s, port: 24, to: me }', 'a socket stands for host and port'],
    ['deliver', '{ type: imap, host: imap.example, user: me }', 'missing'],
    ['deliver', '{ type: imap, host: h, user: me, password: x, tls: none }', 'can be read on the way'],
    [
      'deliver',
      '{ type: imap, host: h, user: me, password: x, mailbox: a/ }',
      'expected the name of a mailbox',
    ],
    ['deliver', '{ type: imap, host: h, user: me, password: { fil: x } }', 'unknown key "fil"'],
    ['deliver', '{ type: lmtp, to: "me, you" }', 'expected the mail address of one recipient there'],
    ['deliver', '{ type: lmtp, to: 5 }', 'expected the mail address of one recipient there, or { header'],
    [
      'deliver',
      '{ type: lmtp, to: { header: X-A, domains: [a.org] } }',
      'missing; expected the mail address',
    ],
    ['deliver', '{ type: lmtp, to: { header: To, otherwise: a@b.org } }', 'To does not say to whom'],
    ['deliver', '{ type: lmtp, to: { header: "X:", otherwise: a@b.org } }', 'name of a header field'],
    ['deliver', '{ type: lmtp, to: { header: X-A, otherwise: root } }', 'say which domains are yours'],
    [
      'deliver',
      '{ type: lmtp, to: { header: X-A, otherwise: a@b.org, domains: ["a b"] } }',
      'expected a domain',
    ],
    ['deliver', '{ type: lmtp, to: { header: X-A, otherwise: a@b.org, prefx: a } }', 'did you mean "prefix"'],
    ['deliver', '[]', 'the list of destinations is empty'],
    ['deliver', '[{ type: mbox, path: 7 }]', 'expected the path of the mbox file, found 7; put it in quotes'],
    [
      'deliver',
      '{ type: mbox, path: m, lineEndings: lf }',
      'unknown key "lineEndings"; known here: type, path',
    ],
    ['deliver', '{ type: mbox, path: $HOME/Mail }', 'variables have no meaning in a path'],
    ['deliver', '{ type: mbox, path: ~you/Mail }', 'only ~/ stands for a folder'],
    ['deliver', '{ type: mbox, path: "a\\0b" }', 'found a NUL character'],
    [
      'limits',
      '{ messageSize: 50M }',
      'expected a size of at least one octet, such as 50MB, 512KiB or 1000000, found "50M"',
    ],
    ['limits', '{ messageSize: 0 }', 'expected a size of at least one octet'],
    ['limits', '{ messagesPerPoll: 1.5 }', 'expected a number of at least 1, found 1.5'],
    ['limits', '', 'expected a mapping of limits, found nothing'],
    ['timeouts', '{ idle: 25d }', 'expected a length of time from 1s to 1h, found "25d"'],
    ['schedule', 'hourly', '"hourly" is neither an interval nor a cron expression'],
    ['schedule', '5', 'in quotes, or { cron: …, timezone: … }, found 5; put it in quotes'],
    ['schedule', '{ cron: "0 3 * * *", timezone: Berlin }', '"Berlin" is not a known time zone'],
    ['schedule', '{ timezone: UTC }', 'missing; expected "every 5m"'],
    ['password', '{ comand: x }', 'unknown key "comand"; did you mean "command"?'],
    ['password', '{}', 'expected exactly one of file, command, env, credential and netrc'],
    ['password', '{ env: A, file: b }', 'expected exactly one of file, command, env, credential and netrc'],
    ['password', '{ command: [] }', 'expected a command as text, or a list of a program and its arguments'],
    ['password', '{ credential: ../x }', 'expected the name of a file in $CREDENTIALS_DIRECTORY'],
    ['password', '""', 'a password is one line that is not empty'],
    ['caFile', '/nowhere/ca.pem', 'cannot read /nowhere/ca.pem: there is no such file'],
    ['tls', 'none', 'without TLS the password of account "work" can be read on the way to "pop.example.org"'],
    ['server', 'x', 'unknown key "server"; did you mean "host"?'],
    ['username', 'x', 'unknown key "username"; did you mean "user"?'],
    ['pass', 'x', 'unknown key "pass"; did you mean "password"?'],
    ['ssl', 'true', 'unknown key "ssl"; did you mean "tls"?'],
    ['rejectUnauthorized', 'false', 'certificates are always checked; did you mean "caFile"?'],
    ['keep', 'true', 'unknown key "keep"; did you mean "delete"?'],
    ['maildir', '~/Mail', 'unknown key "maildir"; did you mean "deliver"?'],
    ['interval', '5m', 'unknown key "interval"; did you mean "schedule"?'],
    ['$import', 'other.yaml', 'unknown key "$import"; known here: host, port'],
    ['constructor', '1', 'unknown key "constructor"'],
  ])('for %s: %s says so', async (key, value, message) => {
    const problems = await problemsOf(account({ [key]: value }));
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(message);
  });

  it.each([
    ['', '1:1: expected a mapping with the key "accounts", found nothing'],
    ['- a', '1:1: expected a mapping with the key "accounts", found a list'],
    ['accounts:', '1:1: accounts: expected a mapping with at least one account, by name, found nothing'],
    [
      'accounts: {}',
      '1:1: accounts: expected a mapping with at least one account, by name, found an empty one',
    ],
    ['stateDir: /x', '1:1: accounts: expected a mapping with at least one account, by name, found nothing'],
    [`defaults:\n${account()}`, '1:1: defaults: expected a mapping of keys, found nothing'],
    [
      `$import: x\n${account()}`,
      '1:1: unknown key "$import"; known here: stateDir, concurrency, controlSocket, shutdownGrace, log, monitoring, notify, ping, defaults, accounts',
    ],
    [
      account().replace('work', '"a b"'),
      '2:3: accounts: expected a name of 1 to 64 letters, digits or any of . _ - @ +, found "a b"',
    ],
    ['accounts: { a: 1 }', '1:16: accounts.a: expected a mapping of keys, found a number'],
    ['a: 1\na: 2', '2:1: this key is already there above; keep one of the two'],
    ['accounts: { "__proto__": { host: h } }', '1:13: this key cannot be used; choose another name'],
    [
      'a: *b',
      '1:4: this * stands for a name set with & before, and there is none; put text that begins with * in quotes',
    ],
    ['a: &a [*a]', '1:8: this * stands for what it is part of'],
    ['a: !!binary aGk=', '1:4: tags are not used here; put text that begins with ! or & in quotes'],
    ['a:\n\tb: 1', '2:1: a tab cannot indent; use spaces'],
    ['a\n---\nb', '2:1: a second document begins here; one file holds one configuration'],
    ['? [a]\n: b', '1:3: a key must be plain text'],
  ])('for the file %j says so', async (text, message) => {
    expect(await problemsOf(text)).toEqual([message]);
  });

  it('for a file that is nested or repeated without end comes at once', async () => {
    expect(await problemsOf('['.repeat(100_000))).not.toEqual([]);
    const bomb = ['a: &a [x, x, x, x, x, x, x, x, x]'];
    for (const [from, to] of ['ab', 'bc', 'cd', 'de', 'ef', 'fg', 'gh']) {
      bomb.push(`${to}: &${to} [${Array.from({ length: 9 }, () => `*${from}`).join(', ')}]`);
    }
    expect(await problemsOf(bomb.join('\n'))).toEqual([
      '1:1: the file is nested too deeply or repeats itself too often',
    ]);
  });

  it('never shows a password, however wrong it is written (I5)', async () => {
    const secret = 'hunter2-secret';
    const values = [
      secret,
      `"${secret}`,
      `"${secret}"x`,
      `*${secret}`,
      `!${secret}`,
      `&${secret} 1`,
      `@${secret}`,
      `|${secret}`,
      `{ ${secret} }`,
      `[${secret}]`,
      `{ env: ${secret} }`,
      `{ file: "~${secret}" }`,
      `{ credential: "${secret}/" }`,
      `{ command: ["${secret}", 5] }`,
      `"${secret}\\n"`,
      `${secret}: x`,
      `"\\q${secret}"`,
      `{ file: $${secret} }`,
      '987654321',
      `>${secret}`,
      `%${secret}`,
      `- ${secret}`,
    ];
    for (const value of values) {
      const text = await problemsOf(account({ password: value }), { openToOthers: true });
      expect(text, value).not.toEqual([]);
      // A key is shown, as it is what an unknown key is about.
      if (value !== `{ ${secret} }`) expect(text.join('\n'), value).not.toMatch(/hunter2|987654321/);
    }
  });

  it.each([
    ['ping: http://127.0.0.1/hunter2', 'ping: expected { url: … }, found a text'],
    ['notify: https://ntfy.sh/hunter2', 'notify: expected { to: { type: webhook, url: … }, or one of'],
    ['notify: { to: "https://ntfy.sh/hunter2" }', 'command or mail, or a list of them, found a text'],
    ['notify: { to: [ "https://ntfy.sh/hunter2" ] }', 'ntfy, command or mail, found a text'],
    ['notify: { to: { type: "https://ntfy.sh/hunter2" } }', 'command or mail, found "https://…"'],
    ['defaults: pops://u:hunter2@host', 'defaults: expected a mapping of keys, found a text'],
    ['defaults: { host: "pops://u:hunter2@localhost" }', 'found "pops://…"; write the host alone'],
    ['defaults: { host: "u:hunter2@localhost" }', 'found "…@localhost"'],
    ['defaults: { deliver: "smtp://u:hunter2@localhost" }', 'a list of them, found "smtp://…"'],
    ['defaults: { tunnel: "ssh hunter2\\0" }', 'expected a command as text, or a list'],
    ['{ https://ntfy.sh/hunter2: 1, accounts: hunter2 }', 'at least one account, by name, found a text'],
    ['accounts: { a: "pops://u:hunter2@host" }', 'accounts.a: expected a mapping of keys, found a text'],
    ['accounts: { "pops://u:hunter2@host": {} }', 'accounts.pops://…: missing "host"'],
    ['hunter2', 'expected a mapping with the key "accounts", found a text'],
  ])('keeps a secret to itself that stands where it does not belong: %s (I5)', async (written, message) => {
    const text = written.includes('accounts') ? written : `${written}\n${account()}`;
    const problems = (await problemsOf(written === 'hunter2' ? written : text)).join('\n');
    expect(problems).toContain(message);
    expect(problems).not.toContain('hunter2');
  });

  it('has no control characters of the file in it', async () => {
    expect((await problemsOf(account({ tls: '"\\e[31m"', '"\\e]0;x"': '1' }))).join('\n')).not.toContain(
      '\u001b',
    );
  });
});

describe('a plain-text password', () => {
  it('is accepted where no other user can read it', async () => {
    const { accounts } = await parse(account({ password: '"hunter2"' }));
    const password = await accounts[0]?.account.password();
    expect(password?.reveal()).toBe('hunter2');
  });

  it('is refused where others can, with the remedy, once for all accounts', async () => {
    const text = `defaults: { password: hunter2 }\n${account({ password: null })}  two:\n    host: h\n`;
    const problems = await problemsOf(text, { openToOthers: true });
    expect(problems.filter((problem) => problem.includes('chmod'))).toEqual([
      '1:23: defaults.password: a password is written here, and other users can read this file; run: chmod 600 ' +
        '/etc/mailferry/config.yaml (or take the password from { file: … }, { command: … } or { env: … })',
    ]);
  });

  it('is not found in what a configuration prints as (I5)', async () => {
    const configuration = await parse(account({ password: '"hunter2"' }));
    expect(JSON.stringify(configuration)).not.toContain('hunter2');
  });
});

describe('a trust anchor', () => {
  it('must be a file with a certificate', async () => {
    const folder = temporaryFolder();
    write(`${folder}/empty.pem`, '');
    write(`${folder}/damaged.pem`, '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n');
    const of = (caFile: string): Promise<readonly string[]> =>
      problemsOf(account({ caFile }), { path: `${folder}/mailferry.yaml` });
    expect(await of('empty.pem')).toEqual([
      `8:13: accounts.work.caFile: cannot read ${folder}/empty.pem: it holds no certificate in PEM form`,
    ]);
    expect((await of('./damaged.pem'))[0]).toContain('its certificate 1 is damaged');
    expect((await of('.'))[0]).toContain('it is a folder');
    expect((await of('/dev/zero'))[0]).toContain('it is not a regular file');
  });

  it('is read beside the configuration, every certificate of it', async () => {
    const folder = temporaryFolder();
    const pem = readFileSync(new URL('./certificate.pem', import.meta.url), 'utf8');
    write(`${folder}/ca.pem`, `comment\n${pem}\nmore\n${pem}`);
    const { accounts } = await parse(account({ caFile: 'ca.pem' }), { path: `${folder}/mailferry.yaml` });
    expect(accounts[0]?.account.ca).toEqual([pem.trim(), pem.trim()]);
  });
});

const other = (changes: string): string =>
  `${account()}  two: { host: POP.example.org., user: me@example.org, password: { env: P }, delete: never, ${changes} }\n`;

describe('accounts together', () => {
  it('must not name one maildrop twice', async () => {
    expect(await problemsOf(other('deliver: { type: maildir, path: /two }'))).toEqual([
      '8:3: accounts.two: this is the maildrop of account "work" again (same host, port and user); write one account ' +
        'with a list of destinations instead',
    ]);
    expect(await problemsOf(other('port: 1995, deliver: { type: maildir, path: /two }'))).toEqual([]);
  });

  it('may share a destination, but not as two things', async () => {
    expect(await problemsOf(other('port: 1995, deliver: { type: maildir, path: ~/Mail/ }'))).toEqual([]);
    expect(
      (await problemsOf(other('port: 1995, deliver: { type: mbox, path: /home/me/Mail }'))).join(),
    ).toContain(
      'accounts.two.deliver.path: "/home/me/Mail" is of type mbox here and maildir elsewhere; use two paths',
    );
  });

  it('must not name one destination twice in one account', async () => {
    const text = account({ deliver: '[{ type: mbox, path: ~/m }, { type: mbox, path: /home/me/x/../m }]' });
    expect(await problemsOf(text)).toEqual([
      '6:62: accounts.work.deliver.1.path: "/home/me/x/../m" is a destination of this account already',
    ]);
  });
});
