import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConfigurationError } from '../../src/config/problem.ts';
import { SMALLEST_CONFIGURATION } from '../../src/config/smallest.ts';
import { propertyRuns } from '../support/property-runs.ts';
import { account, parse, problemsOf } from './fixtures.ts';

describe('a small configuration', () => {
  // RFC 8314 §3.3 [implicit-default]
  it('gets every default', async () => {
    const configuration = await parse(account());
    expect(configuration).toMatchObject({
      path: '/etc/mailferry/config.yaml',
      stateDir: '/home/me/.local/state/mailferry',
      concurrency: { accounts: 16, perHost: 4 },
    });
    expect(configuration.accounts).toHaveLength(1);
    const [first] = configuration.accounts;
    expect(first?.schedule).toMatchObject({ kind: 'interval', milliseconds: 300_000 });
    const { password, ...rest } = first?.account ?? {};
    expect(password).toBeTypeOf('function');
    expect(rest).toEqual({
      name: 'work',
      host: 'pop.example.org',
      port: 995,
      tls: 'implicit',
      ca: [],
      line: {},
      user: 'me@example.org',
      auth: 'auto',
      allowCleartext: false,
      destinations: [{ type: 'maildir', path: '/home/me/Mail', lineEndings: 'lf' }],
      deletion: { kind: 'never' },
      limits: { messageOctets: undefined, messagesPerPoll: undefined, octetsPerPoll: undefined },
      timeouts: { connectMs: 30_000, idleMs: 60_000 },
    });
  });

  it('knows what the provider of its server wants between two logins', async () => {
    const { accounts } = await parse(account().replace('pop.example.org', 'pop.gmx.net'));
    expect(accounts[0]?.loginPauseMs).toBe(900_000);
  });

  it('is the one that is shown to who has none', async () => {
    await expect(parse(SMALLEST_CONFIGURATION)).resolves.toMatchObject({
      accounts: [{ account: { name: 'home' } }],
    });
  });

  it('may be JSON', async () => {
    const text = JSON.stringify({
      accounts: {
        work: {
          host: 'h',
          user: 'u',
          password: { env: 'P' },
          deliver: { type: 'mbox', path: 'm' },
          delete: 'never',
        },
      },
    });
    await expect(parse(text, { path: '/srv/mailferry.json' })).resolves.toMatchObject({
      accounts: [{ account: { destinations: [{ type: 'mbox', path: '/srv/m' }] } }],
    });
  });
});

describe('each key', () => {
  it.each([
    ['port', '1995', { port: 1995 }],
    ['tls', 'starttls', { tls: 'starttls', port: 110 }],
    ['auth', 'user-pass', { auth: 'user-pass' }],
    ['host', '"2001:db8::1"', { host: '2001:db8::1' }],
    ['host', 'bücher.example', { host: 'bücher.example' }],
    ['delete', 'after-delivery', { deletion: { kind: 'after-delivery' } }],
    ['delete', '{ after: 30d }', { deletion: { kind: 'after', milliseconds: 2_592_000_000 } }],
    [
      'deliver',
      '{ type: mbox, path: mail/in }',
      { destinations: [{ type: 'mbox', path: '/etc/mailferry/mail/in' }] },
    ],
    [
      'deliver',
      '[{ type: maildir, path: /m, lineEndings: as-received }, { type: mbox, path: ~/in }]',
      {
        destinations: [
          { type: 'maildir', path: '/m', lineEndings: 'as-received' },
          { type: 'mbox', path: '/home/me/in' },
        ],
      },
    ],
    [
      'limits',
      '{ messageSize: 50MB, messagesPerPoll: 1000, bytesPerPoll: 1048576 }',
      { limits: { messageOctets: 50_000_000, messagesPerPoll: 1000, octetsPerPoll: 1_048_576 } },
    ],
    ['timeouts', '{ idle: 5m }', { timeouts: { connectMs: 30_000, idleMs: 300_000 } }],
  ])('%s: %s is understood', async (key, value, expected) => {
    const { accounts } = await parse(account({ [key]: value }));
    expect(accounts[0]?.account).toMatchObject(expected);
  });

  it.each([
    ['every 10m', { kind: 'interval', milliseconds: 600_000 }],
    ['"0 3 * * *"', { kind: 'cron', text: '0 3 * * *', timezone: undefined }],
    ['{ cron: "0 3 * * *", timezone: Europe/Berlin }', { kind: 'cron', timezone: 'Europe/Berlin' }],
  ])('schedule: %s is understood', async (value, expected) => {
    const { accounts } = await parse(account({ schedule: value }));
    expect(accounts[0]?.schedule).toMatchObject(expected);
  });

  it('of cleartext is accepted on this machine, or in words', async () => {
    await expect(parse(account({ tls: 'none', host: '127.0.0.1' }))).resolves.toBeDefined();
    for (const auth of ['scram-sha-256', 'scram-sha-1', 'cram-md5']) {
      await expect(parse(account({ tls: 'none', auth }))).resolves.toMatchObject({
        accounts: [{ account: { auth } }],
      });
    }
    for (const auth of ['auto', 'apop', 'plain', 'login', 'user-pass', 'xoauth2', 'oauthbearer']) {
      await expect(parse(account({ tls: 'none', auth }))).rejects.toThrow();
    }
    await expect(parse(account({ tls: 'none', allowCleartext: 'true' }))).resolves.toMatchObject({
      accounts: [{ account: { allowCleartext: true, tls: 'none', port: 110 } }],
    });
  });
});

describe('defaults', () => {
  it('give way to the account, key by key for limits and timeouts and as a whole for the rest', async () => {
    const { accounts } = await parse(`
defaults:
  user: me
  delete: never
  password: { env: P }
  schedule: every 1h
  deliver: [{ type: maildir, path: /all }, { type: mbox, path: /box }]
  limits: { messageSize: 1MB, messagesPerPoll: 10 }
  timeouts: { connect: 10s }
accounts:
  one: { host: a.example }
  two:
    host: b.example
    delete: after-delivery
    schedule: every 2h
    deliver: { type: maildir, path: /two }
    limits: { messageSize: 2MB }
    timeouts: { idle: 20s }
`);
    const [one, two] = accounts;
    expect(one?.account).toMatchObject({
      user: 'me',
      deletion: { kind: 'never' },
      limits: { messageOctets: 1_000_000 },
    });
    expect(one?.account.destinations).toHaveLength(2);
    expect(two?.schedule).toMatchObject({ milliseconds: 7_200_000 });
    expect(two?.account).toMatchObject({
      deletion: { kind: 'after-delivery' },
      destinations: [{ path: '/two' }],
      limits: { messageOctets: 2_000_000, messagesPerPoll: 10 },
      timeouts: { connectMs: 10_000, idleMs: 20_000 },
    });
  });

  it('that are wrong are reported once, where they stand', async () => {
    const text = `defaults: { port: 0, delete: never }\n${account({ delete: null })}`;
    expect(await problemsOf(text)).toEqual(['1:19: defaults.port: expected a port from 1 to 65535, found 0']);
  });
});

describe('the state folder', () => {
  it.each([
    ['', {}, '/home/me/.local/state/mailferry'],
    ['', { XDG_STATE_HOME: '/x' }, '/x/mailferry'],
    ['', { XDG_STATE_HOME: 'relative' }, '/home/me/.local/state/mailferry'],
    ['', { XDG_STATE_HOME: '/x', STATE_DIRECTORY: '/var/lib/a:/var/lib/b' }, '/var/lib/a'],
    ['stateDir: state\n', { STATE_DIRECTORY: '/var/lib/a' }, '/etc/mailferry/state'],
    ['stateDir: ~/state\n', {}, '/home/me/state'],
    ['stateDir: "~"\n', {}, '/home/me'],
  ])('of %j with %j is %s', async (line, env, expected) => {
    await expect(parse(line + account(), { env })).resolves.toMatchObject({ stateDir: expected });
  });
});

describe('parseConfiguration', () => {
  const key = fc.constantFrom(
    'accounts',
    'defaults',
    'stateDir',
    'concurrency',
    'work',
    'host',
    'port',
    'user',
    'password',
    'deliver',
    'type',
    'path',
    'delete',
    'after',
    'schedule',
    'cron',
    'timezone',
    'limits',
    'command',
    'tls',
    'caFile',
    '__proto__',
    'toString',
    '<<',
    '$import',
  );
  const leaf = fc.oneof(
    fc.constantFrom(
      'maildir',
      'mbox',
      'never',
      '30d',
      'every 5m',
      '* * * * *',
      'none',
      '~',
      '/etc/passwd',
      'x',
      '',
    ),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.string(),
  );
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { maxDepth: 5 },
      leaf,
      fc.array(tie('tree'), { maxLength: 3 }),
      fc.dictionary(key, tie('tree')),
    ),
  }));
  const marks = fc.constantFrom(
    'accounts:',
    '\n',
    '  ',
    '- ',
    ': ',
    '{',
    '}',
    '[',
    ']',
    '"',
    "'",
    '&a',
    '*a',
    '!x',
    '|',
    '#',
    'a',
    '\t',
  );
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(marks, { maxLength: 40 }).map((parts) => parts.join('')),
    tree.map((value) => JSON.stringify(value)),
    fc.dictionary(key, tree).map((value) => JSON.stringify({ accounts: { work: value } })),
  );

  it('throws nothing but a ConfigurationError, whatever the text', async () => {
    await fc.assert(
      fc.asyncProperty(text, async (written) => {
        const outcome = await parse(written).catch((thrown: unknown) => thrown);
        if (outcome instanceof Error) expect(outcome).toBeInstanceOf(ConfigurationError);
        else expect(outcome).toHaveProperty('accounts');
      }),
      propertyRuns(400),
    );
  }, 60_000);
});
