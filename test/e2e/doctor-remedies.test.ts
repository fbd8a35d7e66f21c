import { chown, mkdir, readFile, writeFile } from 'node:fs/promises';
import { beforeEach, describe, expect, test } from 'vitest';
import { createServer, type Pop3Server, type ServerOptions } from '../../src/pop3-server/index.ts';
import { authority, certificate } from '../support/certificates.ts';
import { runProgram, writeConfiguration } from '../support/program.ts';
import { findProgram, giveUp, requireRoot } from '../support/programs.ts';
import { rawPeer } from '../support/raw-peer.ts';
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts';

/** Set-ups with one thing wrong in each, in which it is the remedy that must fit. */

function serve(options: Partial<ServerOptions> = {}): Promise<Pop3Server> {
  return createServer({
    users: { alice: { password: 'secret', messages: ['Subject: one\r\n\r\nfirst\r\n'] } },
    ...options,
  });
}

interface Found {
  readonly step: string;
  readonly state: string;
  readonly found: string;
  readonly remedy: string | null;
}

/** The last step that `doctor` took. */
async function lastStep(folder: TemporaryFolder, account: Readonly<Record<string, unknown>>): Promise<Found> {
  await writeConfiguration(folder.path, account);
  const { stdout, stderr } = await runProgram(['doctor', '--json'], { cwd: folder.path });
  expect(stderr).toBe('');
  const { steps } = JSON.parse(stdout) as { steps: readonly Found[] };
  return steps.at(-1) ?? { step: '', state: '', found: '', remedy: null };
}

describe('what a server says when it lets nobody in leads to the remedy:', () => {
  test.each([
    ['Application-specific password required', /app password in the account settings/],
    ['Please log in via your web browser', /app password/],
    ['authentication failed, POP3 and IMAP access is not enabled', /Switch POP3 on/],
    ['POP3 ist nicht aktiviert', /Switch POP3 on/],
    ['Logon failure: basic authentication is blocked', /tokens of OAuth/],
    ['Logon failure: unknown user name or bad password.', /Check "user" and "password"/],
    ['Plaintext authentication disallowed on non-secure connections', /"tls: starttls"/],
  ])('%s', async (text, remedy) => {
    await using folder = await temporaryFolder();
    await using server = await serve({
      without: ['SASL'],
      faults: [{ do: 'refuse', command: 'PASS', text }],
    });
    const wrong = await lastStep(folder, { port: server.address.port });
    expect(wrong).toMatchObject({ step: 'login', state: 'wrong' });
    expect(wrong.remedy).toMatch(remedy);
  });

  test('nothing before TLS', async () => {
    await using folder = await temporaryFolder();
    await using server = await serve({ tls: certificate(), requireTls: true });
    expect((await lastStep(folder, { port: server.address.port })).remedy).toContain('"tls: starttls"');
  });

  test('a greeting that turns everybody away', async () => {
    await using folder = await temporaryFolder();
    await using peer = await rawPeer(async (line) => {
      await line.send('-ERR too many connections from your address\r\n');
      await line.closed();
    });
    const wrong = await lastStep(folder, { port: peer.port });
    expect(wrong).toMatchObject({ step: 'greeting', found: expect.stringContaining('too many') as string });
    expect(wrong.remedy).toMatch(/less often/);
  });
});

describe('doctor', () => {
  test('says what the clock of this machine says where a certificate is out of its time', async () => {
    await using folder = await temporaryFolder();
    await using server = await serve({ tls: certificate({ expired: true }), tlsPort: 0 });
    await writeFile(folder.at('ca.pem'), authority().cert);
    const account = { port: server.tlsAddress?.port, tls: 'implicit', caFile: './ca.pem' };
    const { found, remedy } = await lastStep(folder, account);
    const today = new Date().toISOString().slice(0, 7);
    expect(found).toMatch(new RegExp(`has expired\\. The clock of this machine says ${today}`));
    expect(remedy).toContain('clock');
  });

  test('leaves a name that only the proxy can look up to the proxy', async () => {
    await using folder = await temporaryFolder();
    await using proxy = await rawPeer(async (line) => {
      await line.send('HTTP/1.1 403 Forbidden\r\n\r\n');
      await line.closed();
    });
    const wrong = await lastStep(folder, {
      host: 'pop.inside.invalid',
      tls: 'implicit',
      proxy: `http://127.0.0.1:${proxy.port}`,
    });
    expect(wrong).toMatchObject({ step: 'connection', found: expect.stringContaining('403') as string });
    expect(wrong.remedy).toContain('"proxy"');
  });

  test('names the command of a tunnel that does not lead to the server', async () => {
    await using folder = await temporaryFolder();
    const tunnel = 'echo no route >&2; exit 3';
    const wrong = await lastStep(folder, { allowCleartext: true, tunnel });
    expect(wrong).toMatchObject({
      step: 'connection',
      found: expect.stringContaining('no route') as string,
      remedy: expect.stringContaining('"tunnel"') as string,
    });
  });

  test('and check doubt a password with a blank at its end, and quote a command that prints none', async () => {
    await using folder = await temporaryFolder();
    await writeFile(folder.at('secret'), 'secret \n', { mode: 0o600 });
    await writeConfiguration(folder.path, { password: { file: './secret' } });
    const { stdout } = await runProgram(['check'], { cwd: folder.path });
    expect(stdout).toMatch(/! password +it begins or ends with a blank\n +→ /);
    const wrong = await lastStep(folder, { password: { command: 'echo; echo locked >&2' } });
    expect(wrong.found).toBe('The password command printed no password. It said: locked');
  });

  test('and check tell of a disk that /etc/fstab has and that is not mounted', async ({ skip }) => {
    if (process.getuid?.() !== 0 || findProgram('unshare') === undefined)
      giveUp(skip, 'needs root and unshare');
    await using folder = await temporaryFolder();
    await using server = await serve();
    await mkdir(folder.at('nas'));
    await writeFile(folder.at('fstab'), `nas:/mail ${folder.at('nas')} nfs defaults 0 0\n`);
    await writeConfiguration(folder.path, {
      port: server.address.port,
      deliver: { type: 'maildir', path: './nas/Mail' },
    });
    const script = 'mount --bind fstab /etc/fstab && exec "$@"';
    const here = { cwd: folder.path, under: ['unshare', '--mount', 'sh', '-c', script, 'sh'] };
    for (const command of ['doctor', 'check']) {
      const { status, stdout } = await runProgram([command], here);
      expect(status).toBe(0);
      expect(stdout).toContain(`nothing is mounted at ${folder.at('nas')}`);
    }
  });

  test('and check refuse a file that is no mbox, which stays as it was', async () => {
    await using folder = await temporaryFolder();
    await using server = await serve();
    await writeFile(folder.at('notes'), 'my notes\n');
    const account = { port: server.address.port, deliver: { type: 'mbox', path: './notes' } };
    const wrong = await lastStep(folder, account);
    expect(wrong).toMatchObject({ step: 'destination', found: expect.stringContaining('no mbox') as string });
    const { status, stdout } = await runProgram(['check'], { cwd: folder.path });
    expect({ status, named: stdout.includes('no mbox') }).toEqual({ status: 73, named: true });
    expect(await readFile(folder.at('notes'), 'utf8')).toBe('my notes\n');
    await writeFile(folder.at('notes'), '\nFrom a Mon Jan  1 00:00:00 2024\nSubject: x\n\ny\n\n');
    expect(await lastStep(folder, account)).toMatchObject({ step: 'schedule', state: 'good' });
  });

  test('and check name a ledger that has no folder to be in', async () => {
    await using folder = await temporaryFolder();
    await using server = await serve();
    await mkdir(folder.at('Mail'));
    await writeFile(folder.at('state'), 'x');
    expect(await lastStep(folder, { port: server.address.port })).toMatchObject({ step: 'ledger' });
    const { status, stdout } = await runProgram(['check'], { cwd: folder.path });
    expect(stdout).toMatch(/✗ ledger +.*state: a part of the path is not a folder.*\n +→ Set "stateDir"/);
    expect(status).toBe(74);
  });
});

describe('of a user who may not write there, check and doctor name', () => {
  beforeEach(requireRoot);

  test.each<[string, readonly string[], RegExp]>([
    ['the folder of an mbox, in which its lock would be', ['spool'], /Cannot write to \S+spool: permission/],
    ['the folder of the ledger', ['state'], /✗ ledger/],
  ])('%s', async (_, closed, words) => {
    await using folder = await temporaryFolder();
    await using server = await serve();
    await mkdir(folder.at('spool'));
    await writeFile(folder.at('spool/me'), '');
    await writeConfiguration(folder.path, {
      port: server.address.port,
      deliver: { type: 'mbox', path: './spool/me' },
    });
    if (closed.includes('state')) await mkdir(folder.at('state'));
    for (const name of ['.', 'spool', 'spool/me', 'mailferry.yaml']) {
      if (!closed.includes(name)) await chown(folder.at(name), NOBODY, NOBODY);
    }
    const under = ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'];
    for (const command of ['check', 'doctor']) {
      const { status, stdout } = await runProgram([command], { cwd: folder.path, under });
      const [wrong = ''] = /✗ .*\n +→ .*/.exec(stdout) ?? [];
      expect(wrong).toMatch(words);
      expect(status).toBeGreaterThan(0);
    }
  });
});

const NOBODY = 65_534;
