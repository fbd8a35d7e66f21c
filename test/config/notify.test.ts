import { describe, expect, it } from 'vitest';
import type { Secret } from '../../src/secret.ts';
import { parse, temporaryFolder, write } from './fixtures.ts';

const ACCOUNTS = `
accounts:
  work:
    host: pop.example.org
    user: me
    password: { env: PW }
    deliver: { type: maildir, path: ~/Mail }
    delete: never
`;

describe('the keys of the daemon', () => {
  it('have defaults', async () => {
    const { daemon, stateDir } = await parse(ACCOUNTS);
    expect(daemon).toMatchObject({
      controlSocket: `${stateDir}/control/daemon.sock`,
      shutdownGraceMs: 15_000,
      log: { level: 'info', file: undefined },
      listen: undefined,
      notify: {
        targets: [],
        ping: undefined,
        policy: { afterFailures: 3, silentMs: 86_400_000, certificateMs: 14 * 86_400_000 },
      },
    });
  });

  it('are read, every URL as a secret', async () => {
    const { daemon } = await parse(`
monitoring: { listen: "0.0.0.0:9495" }
ping: { url: "https://ping.example/id", every: 1m }
notify:
  afterFailures: 5
  to:
    - { type: webhook, url: "https://hook.example/x" }
    - { type: ntfy, url: { env: TOPIC }, token: { env: TOKEN } }
    - { type: command, command: [logger, hi] }
    - { type: mail, host: smtp.example.org, from: a@example.org, to: b@example.org }
${ACCOUNTS}`);
    expect(daemon.listen).toEqual({ host: '0.0.0.0', port: 9495 });
    expect(daemon.notify.policy.afterFailures).toBe(5);
    expect(daemon.notify.ping?.everyMs).toBe(60_000);
    expect(daemon.notify.targets).toMatchObject([
      { type: 'webhook' },
      { type: 'ntfy' },
      { type: 'command', command: ['logger', 'hi'], withheld: new Set(['TOPIC', 'TOKEN', 'PW']) },
      { type: 'mail', port: 465, tls: 'implicit', to: ['b@example.org'] },
    ]);
    expect(JSON.stringify(daemon)).not.toContain('example/');
  });

  it.each([
    ['9495', { host: '127.0.0.1', port: 9495 }],
    ['"[::1]:80"', { host: '::1', port: 80 }],
  ])('take %s as an address', async (listen, address) => {
    expect((await parse(`monitoring: { listen: ${listen} }\n${ACCOUNTS}`)).daemon.listen).toEqual(address);
  });

  it.each([
    ['monitoring: { listen: nowhere }', 'expected a port, or HOST:PORT'],
    ['ping: { url: "ftp://x/hunter2" }', 'expected a URL that begins with https://'],
    ['notify: { to: { type: pager } }', 'expected { type: webhook'],
    [
      'notify: { to: { type: mail, host: smtp.example.org, tls: none, from: a@b, to: c@d } }',
      'without TLS it can be read on the way',
    ],
    ['shutdownGrace: 15', 'expected a length of time with its unit'],
  ])('say what is wrong with %s', async (text, message) => {
    const error = await parse(`${text}\n${ACCOUNTS}`).catch((thrown: Error) => thrown.message);
    expect(error).toContain(message);
    expect(error).not.toContain('hunter2');
  });

  it('want a file that only its owner can read when a token stands in it', async () => {
    const text = `notify: { to: { type: ntfy, url: "https://x/y", token: hunter2 } }\n${ACCOUNTS}`;
    await expect(parse(text, { openToOthers: true })).rejects.toThrow(
      /^.*notify\.to\.token: a password is written here/,
    );
  });

  it('take the password of an SMTP server from a netrc file, by its host and user', async () => {
    const netrc = write(`${temporaryFolder()}/netrc`, 'machine smtp.example.org login me password hunter2\n');
    const { daemon } = await parse(`
notify: { to: { type: mail, host: smtp.example.org, user: me, password: { netrc: ${netrc} }, from: a@b, to: c@d } }
${ACCOUNTS}`);
    const [target] = daemon.notify.targets;
    expect(target?.type === 'mail' && (await target.password?.())?.reveal()).toBe('hunter2');
  });

  it.each([
    ['webhook, url: { env: NOHOOK }', 'url', /NOHOOK, which should hold the URL, is not set.*/],
    ['ntfy, url: "https://x/y", token: { env: NOHOOK }', 'token', /NOHOOK, which should hold the token/],
    ['webhook, url: { command: "true" }', 'url', /^The URL command cannot be started/],
    ['webhook, url: { file: /nonexistent/hook }', 'url', /^The URL file .* cannot be read/],
  ] as const)('call what {type: %s} lacks by its name', async (written, key, message) => {
    const { daemon } = await parse(`notify: { to: { type: ${written} } }\n${ACCOUNTS}`);
    const [target] = daemon.notify.targets as unknown as Readonly<Record<string, () => Promise<Secret>>>[];
    await expect(target?.[key]?.()).rejects.toThrow(message);
  });

  it.each(['url: { netrc: ~/.netrc }', 'url: "https://x/y", token: { netrc: ~/.netrc }'])(
    'take from a netrc file no more than passwords: %s',
    async (written) => {
      await expect(parse(`notify: { to: { type: ntfy, ${written} } }\n${ACCOUNTS}`)).rejects.toThrow(/netrc/);
    },
  );
});
