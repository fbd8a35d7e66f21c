import { chmod, readFile, writeFile } from 'node:fs/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { Secret } from '../../src/secret.ts';
import { keyringCommand, storeInKeyring } from '../../src/setup/keyring.ts';
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts';

const usualPath = process.env['PATH'];

afterEach(() => {
  process.env['PATH'] = usualPath;
});

/** A `secret-tool` that keeps what it is told in files beside it. */
async function withSecretTool(folder: TemporaryFolder, script: string): Promise<void> {
  await writeFile(folder.at('secret-tool'), `#!/bin/sh\ncd ${folder.path}\n${script}\n`);
  await chmod(folder.at('secret-tool'), 0o755);
  process.env['PATH'] = `${folder.path}:${usualPath ?? ''}`;
}

describe('the keyring', () => {
  it('I5: gets the password through a pipe, under the words by which it is asked for', async () => {
    await using folder = await temporaryFolder();
    await withSecretTool(folder, 'echo "$@" > words; cat > password');
    await storeInKeyring('work', new Secret('s3cret "quoted"'));
    expect(await readFile(folder.at('password'), 'utf8')).toBe('s3cret "quoted"');
    const stored = (await readFile(folder.at('words'), 'utf8')).trim();
    const [, , ...attributes] = keyringCommand('work');
    expect(stored).toBe(`store --label Mailferry: work ${attributes.join(' ')}`);
  });

  it('that is locked is reported with its own words', async () => {
    await using folder = await temporaryFolder();
    await withSecretTool(folder, 'echo "Cannot get secret of a locked object" >&2; exit 1');
    await expect(storeInKeyring('work', new Secret('s3cret'))).rejects.toMatchObject({
      code: 'secret-unavailable',
      message: expect.stringContaining('Cannot get secret of a locked object') as string,
    });
  });

  it('that waits for somebody to unlock it is waited for no longer than somebody likes', async () => {
    await using folder = await temporaryFolder();
    await withSecretTool(folder, 'exec sleep 60');
    const stop = new AbortController();
    const stored = storeInKeyring('work', new Secret('s3cret'), stop.signal);
    stop.abort();
    await expect(stored).rejects.toMatchObject({ code: 'aborted' });
  });

  it('that is not installed is reported with what to do', async () => {
    await using folder = await temporaryFolder();
    process.env['PATH'] = folder.path;
    await expect(storeInKeyring('work', new Secret('s3cret'))).rejects.toMatchObject({
      code: 'secret-unavailable',
      hint: expect.stringContaining('libsecret-tools') as string,
    });
  });
});
