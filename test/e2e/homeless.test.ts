import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import { runProgram } from '../support/program.ts';
import { requirePrograms, requireRoot } from '../support/programs.ts';
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts';

/** A user whom the system does not know, as containers have them. */
const NOBODY = ['setpriv', '--reuid=12345', '--regid=12345', '--clear-groups', 'env', '-u', 'HOME', 'PW=x'];

async function withConfiguration(folder: TemporaryFolder, maildir: string): Promise<string> {
  const account = { host: 'pop.example.org', user: 'me', password: { env: 'PW' }, delete: 'never' };
  const deliver = { type: 'maildir', path: maildir };
  const whole = { stateDir: './state', accounts: { me: { ...account, deliver } } };
  await chmod(folder.path, 0o755);
  await mkdir(folder.at('state'));
  await chmod(folder.at('state'), 0o777);
  await writeFile(folder.at('own.yaml'), JSON.stringify(whole), { mode: 0o644 });
  return folder.at('own.yaml');
}

describe('for a user without a home folder and a name', () => {
  beforeEach((context) => {
    requireRoot(context);
    requirePrograms('setpriv')(context);
  });

  it('works what needs neither', async () => {
    await using folder = await temporaryFolder();
    const path = await withConfiguration(folder, './state/Mail');
    const { status, stderr } = await runProgram(['check', '--config', path], {
      cwd: folder.path,
      under: NOBODY,
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    await writeFile(folder.at('rc'), 'poll pop.example.org protocol pop3 user joe', { mode: 0o644 });
    const words = ['import', 'fetchmail', 'rc', '--dry-run', '--output', 'x.yaml', '--state-dir', 'state'];
    const imported = await runProgram(words, { cwd: folder.path, under: NOBODY });
    expect({ ...imported, stdout: '' }).toMatchObject({ status: 0, stderr: '' });
  });

  it('is said what is missing, and what to do: exit 78', async () => {
    await using folder = await temporaryFolder();
    const path = await withConfiguration(folder, '~/Mail');
    const tilde = await runProgram(['check', '--config', path], { cwd: folder.path, under: NOBODY });
    expect(tilde).toMatchObject({ status: 78, stderr: expect.stringContaining('→ Set HOME') });
    const none = await runProgram(['fetch'], { cwd: folder.path, under: NOBODY });
    expect(none).toMatchObject({ status: 78, stderr: expect.stringContaining('There is no configuration') });
    await writeFile(folder.at('rc'), 'poll pop.example.org protocol pop3', { mode: 0o644 });
    const words = ['import', 'fetchmail', 'rc', '--dry-run', '--output', 'x.yaml', '--state-dir', 'state'];
    const imported = await runProgram(words, { cwd: folder.path, under: NOBODY });
    expect(imported).toMatchObject({
      status: 78,
      stderr: expect.stringContaining('→ Name it there: user NAME'),
    });
  });
});
