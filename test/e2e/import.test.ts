import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { createServer } from '../../src/pop3-server/index.ts';
import { runProgram } from '../support/program.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const FETCHMAILRC = `set daemon 300
poll mail.example.com proto pop3 user joe pass "s3cret w" keep ssl mda "/usr/bin/procmail -d %T"
poll other.example.com proto pop3 user joe there is joe here keep ssl bsmtp /var/spool/in
`;

describe('mailferry import', () => {
  it('--dry-run shows all of it, without the password, and writes nothing', async () => {
    await using folder = await temporaryFolder();
    await writeFile(folder.at('.fetchmailrc'), FETCHMAILRC);
    await writeFile(folder.at('.fetchids'), 'joe@mail.example.com u1\njoe@mail.example.com u2\n');
    const before = await readdir(folder.path, { recursive: true });
    const { status, stdout, stderr } = await runProgram(['import', 'fetchmail', '.fetchmailrc', '-n'], {
      cwd: folder.path,
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toContain('mail.example.com: 2 messages that fetchmail remembers');
    expect(stdout).toContain('other.example.com: fetchmail remembers nothing of it');
    expect(stdout).toContain('# fetchmail remembers nothing of this maildrop: the first poll carries all');
    expect(stdout).toContain('password: { file: ./passwords/mail.example.com }');
    expect(stdout).toContain('/usr/bin/procmail -d %T');
    expect(stdout).not.toContain('s3cret');
    expect(await readdir(folder.path, { recursive: true })).toEqual(before);
  });

  it('refers to the netrc file, keeps a password in a file of its own, and says what is left to say: exit 78', async () => {
    await using folder = await temporaryFolder();
    await writeFile(folder.at('.fetchmailrc'), FETCHMAILRC);
    await writeFile(folder.at('.netrc'), 'machine other.example.com login joe password n3trc\n', {
      mode: 0o600,
    });
    const { status, stdout, stderr } = await runProgram(['import', 'fetchmail', '.fetchmailrc'], {
      cwd: folder.path,
    });
    expect(status).toBe(78);
    expect(stdout).toContain('"deliver" is yours to fill in');
    expect(stderr).toContain('missing "deliver"');
    const written = await readFile(folder.at('.config/mailferry/config.yaml'), 'utf8');
    expect(written).toContain('password: { netrc: ~/.netrc }');
    expect(written).not.toMatch(/s3cret|n3trc/);
    const secret = folder.at('.config/mailferry/passwords/mail.example.com');
    expect(await readFile(secret, 'utf8')).toBe('s3cret w\n');
    for (const path of [secret, folder.at('.config/mailferry/config.yaml')]) {
      expect(((await stat(path)).mode & 0o777).toString(8)).toBe('600');
    }
    expect(await readFile(folder.at('.fetchmailrc'), 'utf8')).toBe(FETCHMAILRC);
  });

  it('does not overwrite a configuration unless told so', async () => {
    await using folder = await temporaryFolder();
    await writeFile(folder.at('.fetchmailrc'), FETCHMAILRC);
    await mkdir(folder.at('.config/mailferry'), { recursive: true });
    await writeFile(folder.at('.config/mailferry/config.yaml'), 'mine');
    const words = ['import', 'fetchmail', '.fetchmailrc', '--deliver', 'maildir:~/Mail'];
    const refused = await runProgram(words, { cwd: folder.path });
    expect(refused.status).toBe(64);
    expect(refused.stderr).toContain('--force');
    expect(await readFile(folder.at('.config/mailferry/config.yaml'), 'utf8')).toBe('mine');
    expect((await runProgram([...words, '--output', 'mine.yaml'], { cwd: folder.path })).stdout).toContain(
      'mine.yaml',
    );
    expect((await runProgram([...words, '--force'], { cwd: folder.path })).stdout).toContain('config.yaml');
    expect(await readFile(folder.at('.config/mailferry/config.yaml'), 'utf8')).not.toBe('mine');
  });

  it('says where a file makes no sense: exit 78', async () => {
    await using folder = await temporaryFolder();
    await writeFile(folder.at('rc'), 'poll a proto pop3\nfrobnicate\n');
    const { status, stderr } = await runProgram(['import', 'fetchmail', 'rc'], { cwd: folder.path });
    expect(status).toBe(78);
    expect(stderr).toContain('rc:2: unknown option "frobnicate"');
  });

  it('gives mpop a file for each maildrop where it is told a folder, and refuses what another program cannot read', async () => {
    await using folder = await temporaryFolder();
    const messages = ['Subject: x\r\n\r\ny\r\n'];
    await using server = await createServer({ users: { alice: { password: 'secret', messages } } });
    const { port } = server.address;
    const rc = `account a\nhost 127.0.0.1\nport ${port}\nuser alice\npassword secret\nauth user\ntls off\nkeep on\ndelivery mbox ${folder.at('theirs')}\n`;
    await writeFile(folder.at('mpoprc'), rc);
    const here = { cwd: folder.path };
    await runProgram(['import', 'mpop', 'mpoprc'], here);
    await runProgram(['fetch'], here);
    await mkdir(folder.at('.mpop_uidls'));
    const toFolder = await runProgram(['export', 'mpop', '--output', '.mpop_uidls'], here);
    expect(toFolder.stdout).toMatch(/Wrote \S+\/\.mpop_uidls\/alice_at_127\.0\.0\.1: 1 message\./);
    expect(await readFile(folder.at('.mpop_uidls/alice_at_127.0.0.1'), 'latin1')).toContain(
      ' 1 127.0.0.1 alice\n',
    );
    const words = [
      ['fetchmail', '.mpop_uidls'],
      ['getmail', 'mpoprc'],
    ] as const;
    for (const [peer, output] of words)
      expect(await runProgram(['export', peer, '--force', '--output', output], here)).toMatchObject({
        status: 64,
        stderr: expect.stringMatching(/is a folder|is no folder/) as string,
      });
  });

  it('takes what getmail wrote for / in a unique-id, and gives it back', async () => {
    await using folder = await temporaryFolder();
    await using server = await createServer({ users: { alice: { password: 'secret', messages: [] } } });
    for (const uid of ['GmailId19a/slash+x=', 'UID-0001'])
      server.maildrop('alice').add('Subject: x\r\n\r\ny\r\n', { uid });
    const { port } = server.address;
    const rc = `[retriever]\ntype = SimplePOP3Retriever\nserver = 127.0.0.1\nport = ${port}\nusername = alice\npassword = secret\n[destination]\ntype = Maildir\npath = ~/Mail/\n`;
    await writeFile(folder.at('getmailrc'), rc);
    const name = `oldmail-127.0.0.1-${port}-alice`;
    await writeFile(folder.at(name), 'UID-0001\x001795418315\nGmailId19a-slash+x=\x001795418315\n');
    const here = { cwd: folder.path };
    expect((await runProgram(['import', 'getmail', 'getmailrc'], here)).status).toBe(0);
    for (let count = 0; count < 2; count += 1) {
      const { stdout } = await runProgram(['fetch', '--json'], here);
      expect(JSON.parse(stdout)).toMatchObject({ outcome: 'ok', fetched: 0, kept: 2 });
    }
    expect((await runProgram(['export', 'getmail', '--output', 'back'], here)).status).toBe(0);
    expect((await readFile(folder.at('back', name), 'latin1')).split('\n').sort()).toEqual([
      '',
      'GmailId19a-slash+x=\x001795418315',
      'UID-0001\x001795418315',
    ]);
  });
});
