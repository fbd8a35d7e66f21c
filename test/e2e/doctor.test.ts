import { execFileSync } from 'node:child_process';
import { chmod, mkdir, readdir, writeFile } from 'node:fs/promises';
import { beforeEach, describe, expect, test } from 'vitest';
import { STEP_NAMES } from '../../src/doctor/step.ts';
import { SqliteLedger } from '../../src/ledger/sqlite-ledger.ts';
import { createServer, type Faults, type Pop3Server } from '../../src/pop3-server/index.ts';
import { authority, type CertificateOptions, certificate } from '../support/certificates.ts';
import { freePort } from '../support/dovecot.ts';
import { type Ended, runProgram, writeConfiguration } from '../support/program.ts';
import { requirePrograms, requireRoot } from '../support/programs.ts';
import { rawPeer } from '../support/raw-peer.ts';
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts';

/** Set-ups with one thing wrong in each; the right thing must be named, and what to do about it. */

const MAIL = ['Subject: one\r\n\r\nfirst\r\n', 'Subject: two\r\n\r\nsecond\r\n'];

interface ServeOptions {
  readonly tls?: CertificateOptions;
  readonly faults?: Faults;
  readonly without?: readonly string[];
}

function serve({ tls, faults = [], without = [] }: ServeOptions = {}): Promise<Pop3Server> {
  const secured = tls === undefined ? {} : { tls: certificate(tls), tlsPort: 0 };
  return createServer({
    users: { alice: { password: 'secret', messages: MAIL } },
    ...secured,
    faults,
    without,
  });
}

type Account = Readonly<Record<string, unknown>>;

async function doctor(
  folder: TemporaryFolder,
  account: Account,
  { under = [], command = ['doctor'] }: { under?: readonly string[]; command?: readonly string[] } = {},
): Promise<Ended & { readonly all: string }> {
  await writeFile(folder.at('ca.pem'), authority().cert);
  await writeConfiguration(folder.path, account);
  const ended = await runProgram(command, { cwd: folder.path, under });
  return { ...ended, all: ended.stdout + ended.stderr };
}

/** The steps, and the one that is wrong with the words about it. */
function expectWrong({ status, stdout }: Ended, step: string, wrong: RegExp, exit: number): void {
  const [, found = ''] = new RegExp(`✗ ${step} +(.*(?:\\n +→ .*)?)`).exec(stdout) ?? [];
  expect(found === '' ? stdout : found).toMatch(wrong);
  expect(found).toContain('→');
  expect(status).toBe(exit);
  expect(stdout).toMatch(/\n {2}\S/);
  expect(stdout.match(/✗/g)).toHaveLength(1);
}

describe('mailferry doctor', () => {
  test('goes the whole way when nothing is wrong, changes nothing, and says so to programs too', async () => {
    await using folder = await temporaryFolder();
    await using server = await serve({ tls: {} });
    const commands = { preconnect: 'true', afterMail: 'touch ran' };
    const account = { port: server.tlsAddress?.port, tls: 'implicit', caFile: './ca.pem', ...commands };
    const { status, stdout, stderr } = await doctor(folder, account);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect([...stdout.matchAll(/^ {2}✓ (\w+)/gm)].map(([, step]) => step)).toEqual(
      STEP_NAMES.filter((step) => !stdout.includes(`! ${step}`)),
    );
    expect(server.maildrop('alice').messages.length).toBe(2);
    expect(await readdir(folder.path)).not.toContain('ran');
    const json = await runProgram(['doctor', '--json'], { cwd: folder.path });
    expect(JSON.parse(json.stdout)).toMatchObject({
      account: 'me',
      healthy: true,
      steps: { length: STEP_NAMES.length },
    });
    expect(json.stdout).not.toContain('secret');
  });
});

describe('of broken set-ups, doctor names', () => {
  test('1: a host that does not exist', async () => {
    await using folder = await temporaryFolder();
    const ended = await doctor(folder, { host: 'pop.example.invalid', tls: 'implicit' });
    expectWrong(ended, 'name', /no host of that name|could not be looked up/, 69);
  });

  test('2: a port on which nobody listens', async () => {
    await using folder = await temporaryFolder();
    expectWrong(await doctor(folder, { port: await freePort() }), 'connection', /refused.*\n.*"port"/, 69);
  });

  test('3: TLS on a port without it', async () => {
    await using folder = await temporaryFolder();
    await using server = await serve();
    const ended = await doctor(folder, { port: server.address.port, tls: 'implicit' });
    expectWrong(ended, 'encryption', /does not speak TLS on this port.*\n.*"tls"/, 76);
  });

  test('4: a port with TLS taken for one without', async () => {
    await using folder = await temporaryFolder();
    await using server = await serve({ tls: {} });
    const account = { port: server.tlsAddress?.port, tls: 'none', timeouts: { connect: '1s' } };
    expectWrong(await doctor(folder, account), 'greeting', /No usable answer|ended/, 69);
  });

  test('5: a server that has no STLS', async () => {
    await using folder = await temporaryFolder();
    await using server = await serve();
    const ended = await doctor(folder, { port: server.address.port, tls: 'starttls' });
    expectWrong(ended, 'encryption', /does not offer STLS.*\n.*implicit/, 76);
  });

  test.each<[string, CertificateOptions, RegExp]>([
    ['6: an authority that nobody knows', {}, /authority that this machine does not know.*\n.*caFile/],
    ['7: a certificate that is its own authority', { selfSigned: true }, /nobody but itself.*\n.*caFile/],
    [
      '8: a certificate for another name',
      { names: ['mail.example.org'] },
      /not for "127.0.0.1", but for mail\.example\.org/,
    ],
    ['9: a certificate that has ended', { expired: true }, /has expired.*\n.*renew/],
  ])('%s', async (name, tls, words) => {
    await using folder = await temporaryFolder();
    await using server = await serve({ tls });
    const trust = name.startsWith('6') || name.startsWith('7') ? {} : { caFile: './ca.pem' };
    const ended = await doctor(folder, { port: server.tlsAddress?.port, tls: 'implicit', ...trust });
    expectWrong(ended, 'encryption', words, 76);
  });

  test('10: a wrong password, in the words of the server', async () => {
    await using folder = await temporaryFolder();
    await using server = await serve();
    const ended = await doctor(folder, { port: server.address.port, password: 'wrong' });
    expectWrong(ended, 'login', /refused the login of "alice", saying ".+"/, 77);
    expect(ended.all).not.toContain('wrong"');
  });

  test('11: a mechanism that the server does not have', async () => {
    await using folder = await temporaryFolder();
    await using server = await serve({ without: ['SASL'] });
    const ended = await doctor(folder, { port: server.address.port, auth: 'plain' });
    expectWrong(ended, 'login', /refused|does not/, ended.status ?? 0);
    expect(ended.status).toBeGreaterThan(0);
  });

  test('12: POP3 that is switched off at the provider, in its own words', async () => {
    await using folder = await temporaryFolder();
    const text = 'POP access is disabled for your domain';
    const faults = ['PASS', 'AUTH'].map(
      (command) => ({ do: 'refuse', command, code: 'SYS/PERM', text }) as const,
    );
    await using server = await serve({ faults });
    const ended = await doctor(folder, { port: server.address.port });
    expectWrong(ended, 'login', /POP access is disabled for your domain.*\n.*provider/, 77);
  });

  test('13: another program in the maildrop', async () => {
    await using folder = await temporaryFolder();
    await using server = await serve({
      faults: ['PASS', 'AUTH'].map(
        (command) => ({ do: 'refuse', command, code: 'IN-USE', text: 'locked' }) as const,
      ),
    });
    const ended = await doctor(folder, { port: server.address.port });
    expectWrong(ended, 'login', /another session in the maildrop.*\n.*Another program/, 75);
  });

  test('14: a path through something that is no folder', async () => {
    await using folder = await temporaryFolder();
    await using server = await serve();
    await writeFile(folder.at('file'), '');
    const ended = await doctor(folder, {
      port: server.address.port,
      deliver: { type: 'maildir', path: './file/Mail' },
    });
    expectWrong(ended, 'destination', /not a folder/, 73);
  });

  test('15: a key that is misspelt, with its place', async () => {
    await using folder = await temporaryFolder();
    for (const command of ['doctor', 'check']) {
      const { status, stderr } = await doctor(folder, { prot: 995 }, { command: [command] });
      expect(stderr).toMatch(
        /mailferry\.yaml:\d+:\d+: accounts\.me: unknown key "prot"; did you mean "port"\?/,
      );
      expect(status).toBe(78);
    }
  });

  test('16: a secret file that others can read', async () => {
    await using folder = await temporaryFolder();
    await writeFile(folder.at('secret'), 'secret\n', { mode: 0o644 });
    const ended = await doctor(folder, { password: { file: './secret' } });
    expectWrong(ended, 'password', /can be read by other users.*\n.*chmod 600/, 78);
  });

  test('17: a password command that fails, in its own words', async () => {
    await using folder = await temporaryFolder();
    const ended = await doctor(folder, { password: { command: 'echo no such entry >&2; exit 3' } });
    expectWrong(ended, 'password', /status 3\. It said: no such entry.*\n.*by hand/, 78);
  });

  test('18: a ledger that another Mailferry holds', async () => {
    await using folder = await temporaryFolder();
    await using server = await serve();
    const ledger = await SqliteLedger.open(folder.at('state'));
    const ended = await doctor(folder, { port: server.address.port });
    ledger.close();
    expectWrong(ended, 'ledger', /Another Mailferry is at work.*\n.*Wait/, 75);
  });

  test('19: a schedule that means something else than it seems to', async () => {
    await using folder = await temporaryFolder();
    const { status, stderr } = await doctor(folder, { schedule: '*/90 * * * *' });
    expect(stderr).toMatch(/accounts\.me\.schedule: .*"every 90m"/);
    expect(status).toBe(78);
  });

  test('20: a password that would cross the network readable', async () => {
    await using folder = await temporaryFolder();
    const { status, stderr } = await doctor(folder, { host: 'pop.example.org' });
    expect(stderr).toMatch(/accounts\.me\.tls: without TLS the password .* allowCleartext: true/);
    expect(status).toBe(78);
  });

  test('21: messages without unique-ids, which is a doubt and no fault', async () => {
    await using folder = await temporaryFolder();
    await using server = await serve({ without: ['UIDL'] });
    const { status, stdout } = await doctor(folder, { port: server.address.port });
    expect(stdout).toMatch(/! listing +2 messages, without unique-ids\n +→ Each poll downloads all/);
    expect(status).toBe(0);
  });

  test('22: a password for a netrc entry that is not there', async () => {
    await using folder = await temporaryFolder();
    await writeFile(folder.at('netrc'), 'machine other login alice password x\n', { mode: 0o600 });
    const ended = await doctor(folder, { password: { netrc: './netrc' } });
    expectWrong(ended, 'password', /no entry for machine 127\.0\.0\.1 and login alice.*\n.*Add:/, 78);
  });
});

describe('of set-ups that this machine alone shows to be broken, check and doctor name', () => {
  test.each<[string, Account, string, RegExp]>([
    [
      '27: a password file that is not there',
      { password: { file: './nosuch' } },
      'password',
      /nosuch cannot be read: there is no such file.*\n.*Check the path/,
    ],
    [
      '28: a secret file that others can read',
      { password: { file: './open' } },
      'password',
      /can be read by other users.*\n.*chmod 600/,
    ],
    [
      '29: a password file with nothing in it',
      { password: { file: './empty' } },
      'password',
      /gave an empty password.*\n.*first line/,
    ],
    [
      '30: a Maildir whose path is a file',
      { deliver: { type: 'maildir', path: './file' } },
      'destination',
      /a part of the path is not a folder/,
    ],
    [
      '31: an mbox whose path is a folder',
      { deliver: { type: 'mbox', path: './folder' } },
      'destination',
      /it is a folder/,
    ],
  ])('%s', async (_, account, step, words) => {
    await using folder = await temporaryFolder();
    await using server = await serve();
    await mkdir(folder.at('folder'));
    for (const [name, text, mode] of [
      ['open', 'secret\n', 0o644],
      ['empty', '', 0o600],
      ['file', 'x', 0o600],
    ] as const) {
      await writeFile(folder.at(name), text, { mode });
    }
    const whole = { port: server.address.port, ...account };
    for (const command of ['check', 'doctor']) {
      expectWrong(
        await doctor(folder, whole, { command: [command] }),
        step,
        words,
        step === 'password' ? 78 : 73,
      );
    }
  });

  test.each<[string, Account, string, RegExp]>([
    [
      '32: an environment variable that is not set, which the daemon may have',
      { password: { env: 'NOSUCH' } },
      'password',
      /NOSUCH, which should hold the password, is not set.*\n.*It counts where/,
    ],
    [
      '33: polls that come more often than the provider wants',
      { host: 'pop.gmail.com', tls: 'implicit', schedule: 'every 5m' },
      'schedule',
      /Gmail wants 15m between two logins\n.*every 15m/,
    ],
  ])('%s: a doubt', async (_, account, step, words) => {
    await using folder = await temporaryFolder();
    const { status, stdout } = await doctor(folder, account, { command: ['check'] });
    const [, found = ''] = new RegExp(`! ${step} +(.*(?:\\n +→ .*)?)`).exec(stdout) ?? [];
    expect(found === '' ? stdout : found).toMatch(words);
    expect(status).toBe(0);
  });
});

describe('of servers that are something else, doctor names', () => {
  test.each([
    ['34: an IMAP server', '* OK [CAPABILITY IMAP4rev1] ready', /is an IMAP server \(143, 993\)/],
    ['35: an SMTP server', '220 mail.example.org ESMTP Postfix', /is an SMTP server/],
    ['36: a web server', 'HTTP/1.1 400 Bad Request', /is a web server/],
    ['37: something that nobody knows', 'hello', /Neither \+OK nor -ERR but "hello"/],
  ])('%s', async (_, greeting, words) => {
    await using folder = await temporaryFolder();
    await using peer = await rawPeer(async (line) => {
      await line.send(`${greeting}\r\n`);
      await line.closed();
    });
    expectWrong(await doctor(folder, { port: peer.port }), 'greeting', words, 76);
  });

  test('38: a server without the mechanism, and which it has', async () => {
    await using folder = await temporaryFolder();
    await using server = await serve();
    const ended = await doctor(folder, { port: server.address.port, auth: 'xoauth2' });
    expectWrong(ended, 'login', /\n.*does not have XOAUTH2, but SCRAM-SHA-256, .*leave "auth" out/, 77);
  });

  test('39: a password command that has nothing to say, or needs a program that is not there', async () => {
    await using folder = await temporaryFolder();
    const empty = await doctor(folder, { password: { command: 'true' } });
    expectWrong(empty, 'password', /gave an empty password/, 78);
    const missing = await doctor(folder, { password: { command: ['no-such-program', 'show'] } });
    expectWrong(missing, 'password', /cannot be started|not found/, 78);
  });
});

describe('of broken machines, doctor names', () => {
  beforeEach(requirePrograms('faketime'));
  beforeEach(requireRoot);

  test('23: a clock that is far off, before anything else about certificates', async () => {
    await using folder = await temporaryFolder();
    await using server = await serve({ tls: {} });
    const account = { port: server.tlsAddress?.port, tls: 'implicit', caFile: './ca.pem' };
    const ended = await doctor(folder, account, { under: ['faketime', '2010-01-01 00:00:00'] });
    expectWrong(ended, 'encryption', /clock of this machine says 2010-01-01.*\n.*Set the clock/, 76);
  });

  test('24: a folder that this user may not write to', async () => {
    await using folder = await temporaryFolder();
    await using server = await serve();
    await chmod(folder.path, 0o755);
    await mkdir(folder.at('closed'), { mode: 0o755 });
    await mkdir(folder.at('state'), { mode: 0o777 });
    await chmod(folder.at('state'), 0o777);
    await writeFile(folder.at('secret'), 'secret\n');
    const deliver = { type: 'maildir', path: './closed/Mail' };
    await writeConfiguration(folder.path, {
      port: server.address.port,
      password: { env: 'PASSWORD' },
      deliver,
    });
    await chmod(folder.at('mailferry.yaml'), 0o644);
    const under = ['env', 'PASSWORD=secret', 'setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];
    const ended = await runProgram(['doctor'], { cwd: folder.path, under });
    expectWrong(ended, 'destination', /permission denied.*\n.*right to write/, 73);
  });

  test.each([
    ['25: a disk that is full', 'size=64k,mode=777', /full|free in/, 74],
    ['26: a disk that is mounted read-only', 'size=1m,ro', /read-only/, 73],
  ])('%s', async (_, options, words, exit) => {
    await using folder = await temporaryFolder();
    await using server = await serve();
    await mkdir(folder.at('disk'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder.at('disk')]);
    try {
      if (exit === 74) await writeFile(folder.at('disk/filler'), Buffer.alloc(61_000));
      const deliver = { type: 'maildir', path: './disk/Mail' };
      expectWrong(await doctor(folder, { port: server.address.port, deliver }), 'destination', words, exit);
    } finally {
      execFileSync('umount', [folder.at('disk')]);
    }
  });
});
