import { mkdir, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import type { MdaSettings } from '../../src/delivery/settings.ts';
import { examineCommand, examineProgram } from '../../src/doctor/program.ts';
import type { Step } from '../../src/doctor/step.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** What is said of a command, with programs of these names in a folder of the PATH. */
async function examine(command: MdaSettings['command'], ...programs: readonly string[]): Promise<Step> {
  await using folder = await temporaryFolder();
  await mkdir(folder.at('bin'));
  for (const name of programs) await writeFile(folder.at('bin', name), '', { mode: 0o755 });
  const env = { PATH: 'bin' };
  return await examineProgram({
    type: 'mda',
    command,
    timeoutMs: 1000,
    lineEndings: 'lf',
    folder: folder.path,
    env,
  });
}

test.each([
  ['lda -d me', 'good'],
  [['lda', '-d', 'me'], 'good'],
  [['bin/lda'], 'good'],
  ['other', 'wrong'],
  [['/no/such/lda'], 'wrong'],
  ['[ -e x ] && lda', 'doubtful'],
  ['dovecot-lda -f "$SENDER"', 'doubtful'],
  ['dovecot-lda -e -f "$SENDER"', 'good'],
] as const)('the program of %j is %s', async (command, state) => {
  expect(await examine(command, 'lda', 'dovecot-lda')).toMatchObject({ state });
});

test('of Dovecot’s own is said what it does without -e, also where that goes through the shell', async () => {
  for (const command of ['dovecot-lda', 'env HOME=/x /usr/lib/dovecot/dovecot-lda', 'a="b" dovecot-lda'])
    expect(JSON.stringify(await examine(command, 'dovecot-lda', 'env'))).toContain('the option -e');
});

test.each([
  ['notmuch new', undefined],
  [['notmuch', 'new'], undefined],
  ['nomuch new', 'wrong'],
  [['nomuch', 'new'], 'wrong'],
  // What only the shell can tell is not said to be wrong.
  ['cd mail && notmuch new', undefined],
  ['"$HOME/bin/index"', undefined],
  [['cd', 'mail'], 'wrong'],
] as const)('the program of the command after mail %j is %s', async (command, state) => {
  await using folder = await temporaryFolder();
  await mkdir(folder.at('bin'));
  await writeFile(folder.at('bin/notmuch'), '', { mode: 0o755 });
  const step = await examineCommand('afterMail', { command, folder: folder.path, env: { PATH: 'bin' } });
  expect(step?.state).toBe(state);
});
