import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openSession } from '../../src/pop3-client/index.ts';
import { authority, certificate } from '../support/certificates.ts';
import { writeDaemonConfiguration } from '../support/daemon.ts';
import { runProgram, startProgram } from '../support/program.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

describe('mailferry', () => {
  it('--help shows the commands and loads nothing but the command line itself', async () => {
    await using folder = await temporaryFolder();
    const watch = join(folder.path, 'watch.mjs');
    // Whatever of node_modules is loaded shows on standard error, but for what is bundled with the program.
    await writeFile(
      watch,
      `import Module from 'node:module';
       const load = Module._load;
       Module._load = function (request, parent, ...rest) {
         const place = Module._resolveFilename(request, parent);
         if (place.includes('/node_modules/')) process.stderr.write('loaded ' + place + '\\n');
         return load.call(this, request, parent, ...rest);
       };`,
    );
    const under = ['env', `NODE_OPTIONS=--import=${watch}`];
    const { status, stdout, stderr } = await runProgram(['--help'], { cwd: folder.path, under });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    for (const command of ['fetch', 'check', 'serve', 'demo']) expect(stdout).toContain(`\n  ${command} `);
    await writeDaemonConfiguration(folder.path, { alice: { port: 1 } });
    const seen = await runProgram(['fetch'], { cwd: folder.path, under });
    expect(seen.stderr).toContain('loaded ');
  });

  it('--version is that of the package', async () => {
    await using folder = await temporaryFolder();
    const { status, stdout } = await runProgram(['--version'], { cwd: folder.path });
    expect(status).toBe(0);
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it('without a command says what there is: exit 64', async () => {
    await using folder = await temporaryFolder();
    const { status, stderr } = await runProgram([], { cwd: folder.path });
    expect(status).toBe(64);
    expect(stderr).toContain('Usage: mailferry');
  });
});

describe('mailferry demo', () => {
  it('carries sample mail, proves it, and does nothing the second time', async () => {
    await using folder = await temporaryFolder();
    const under = ['env', `TMPDIR=${folder.path}`];
    const { status, stdout, stderr } = await runProgram(['demo', '--messages', '60'], {
      cwd: folder.path,
      under,
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toContain('✓ 60 files in the Maildir');
    expect(stdout).toContain('✓ every octet as it was sent');
    expect(stdout).toContain('✓ 0 messages left on the server');
    expect(stdout).toMatch(/Second poll:\n {2}demo: nothing new/);
    const [made = ''] = (await readdir(folder.path)).filter((name) => name.startsWith('mailferry-demo-'));
    expect((await readdir(join(folder.path, made, 'Mail/new'))).length).toBe(60);
  });
});

describe('mailferry serve', () => {
  it('serves folders of .eml files, with TLS and STLS, and says as one JSON line where', async () => {
    await using folder = await temporaryFolder();
    await mkdir(join(folder.path, 'drops/alice'), { recursive: true });
    await writeFile(join(folder.path, 'drops/alice/1.eml'), 'Subject: one\n\nbody\n');
    const { key, cert } = certificate({ names: ['localhost'] });
    await writeFile(join(folder.path, 'key.pem'), key);
    await writeFile(join(folder.path, 'cert.pem'), cert);
    const words = [
      'serve',
      '--listen',
      '127.0.0.1:0',
      '--tls-listen',
      '127.0.0.1:0',
      '--tls-cert',
      'cert.pem',
    ];
    const more = ['--tls-key', 'key.pem', '--maildrops', 'drops', '--user', 'alice:se:cret'];
    const { process: child, ended } = startProgram([...words, ...more], { cwd: folder.path });
    const ready = await firstLine(child.stdout);
    const { pop3, pop3s } = JSON.parse(ready) as Record<string, { port: number }>;
    for (const [tls, port] of [
      ['implicit', pop3s?.port],
      ['starttls', pop3?.port],
    ] as const) {
      const ca = [authority().cert];
      const session = await openSession({
        host: 'localhost',
        port,
        tls,
        ca,
        user: 'alice',
        password: 'se:cret',
      });
      expect(await session.stat()).toEqual({ messages: 1, octets: 22 });
      await session.quit();
    }
    child.kill('SIGTERM');
    expect((await ended).status).toBe(143);
  });

  it('says what is wrong with its options: exit 64', async () => {
    await using folder = await temporaryFolder();
    const cases: [string[], RegExp][] = [
      [[], /No user is given/],
      [['--user', 'alice'], /is not NAME:PASSWORD/],
      [['--user', '..:x', '--maildrops', '.'], /cannot be a folder/],
      [['--user', 'a:b', '--maildrops', 'missing'], /There is no folder missing\/a/],
      [['--user', 'a:b', '--tls-listen', '127.0.0.1:0'], /TLS needs both --tls-cert and --tls-key/],
      [['--user', 'a:b', '--listen', 'nowhere'], /It must be HOST:PORT/],
      [['--user', 'a:b', '--faults', 'missing.json'], /--faults cannot be read/],
    ];
    for (const [words, message] of cases) {
      const { status, stderr } = await runProgram(['serve', ...words], { cwd: folder.path });
      expect({ words, status }).toEqual({ words, status: 64 });
      expect(stderr).toMatch(message);
    }
  });
});

async function firstLine(stream: NodeJS.ReadableStream | null): Promise<string> {
  let text = '';
  for await (const block of stream ?? []) {
    text += String(block);
    if (text.includes('\n')) break;
  }
  return text.split('\n', 1)[0] ?? '';
}
