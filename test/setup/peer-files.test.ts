import { mkdir, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { type ReadPeer, readPeer } from '../../src/setup/peer-files.ts';
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts';

const RC = '[retriever]\ntype = SimplePOP3Retriever\nserver = h\nusername = me\npassword = x\n';

function read(folder: TemporaryFolder): Promise<ReadPeer> {
  return readPeer('getmail', {
    files: [folder.at('rc')],
    state: undefined,
    home: folder.path,
    localUser: 'me',
  });
}

test('message numbers, by which getmail goes on servers with broken unique-ids, never count as unique-ids', async () => {
  await using folder = await temporaryFolder();
  await writeFile(folder.at('oldmail-h-110-me'), '1\x001795418315\n2\x001795418315\n');
  await writeFile(folder.at('rc'), RC);
  expect((await read(folder)).accounts[0]?.seen).toHaveLength(2);
  await writeFile(folder.at('rc'), RC.replace('Simple', 'BrokenUIDL'));
  expect((await read(folder)).accounts[0]).toMatchObject({ seen: [], seenIn: undefined, lookedFor: [] });
});

test.each(['$MAIL_AT_WORK/in/', '~bob/Mail/', `/var/mail/\${USER}/`])(
  'a place that only a shell can tell, such as %s, is left to its owner to write',
  async (path) => {
    await using folder = await temporaryFolder();
    await writeFile(folder.at('rc'), `${RC}[destination]\ntype = Maildir\npath = ${path}\n`);
    const account = (await read(folder)).accounts[0]?.account;
    expect(account?.keys).not.toHaveProperty('deliver');
    expect(account?.remarks.join()).toContain(path);
  },
);

test('a login that a netrc file names wins over the one in the getmailrc', async () => {
  await using folder = await temporaryFolder();
  await writeFile(folder.at('netrc'), 'machine h login other password y\n');
  await writeFile(folder.at('rc'), `${RC}[options]\nuse_netrc = on\nnetrc_file = ~/netrc\n`);
  expect((await read(folder)).accounts[0]?.account).toMatchObject({
    user: 'other',
    password: { from: 'netrc', path: '~/netrc' },
  });
});

test('says why a file of another program cannot be read', async () => {
  await using folder = await temporaryFolder();
  await mkdir(folder.at('rc'));
  await expect(read(folder)).rejects.toMatchObject({
    code: 'usage',
    message: `Cannot read ${folder.at('rc')}: it is a folder.`,
    hint: expect.stringContaining('Name the configuration') as string,
  });
});
