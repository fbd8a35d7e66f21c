import { execFile } from 'node:child_process';
import { readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { beforeEach, describe, expect, it } from 'vitest';
import { createServer } from '../../src/pop3-server/index.ts';
import { runProgram, writeConfiguration } from '../support/program.ts';
import { requirePrograms } from '../support/programs.ts';
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts';

const run = promisify(execFile);

const MESSAGES = [
  'Message-ID: <one@x>\r\n\r\nFrom me\r\n>From you\r\n',
  'Message-ID: <two@x>\r\nSubject: Grüße\r\n\r\nno line end',
  'Message-ID: <three@x>\r\n\r\nnul \0 and cr \r here\r\n',
];

/** The cookbook's words on how to check an archive without Mailferry, but for those that run it. */
async function recipes(folder: TemporaryFolder): Promise<string[]> {
  const page = await readFile('docs/cookbook.md', 'utf8');
  const [, section = ''] = /^### Without Mailferry\n(.*?)^### /ms.exec(page) ?? [];
  const blocks = [...section.matchAll(/^```sh\n(.*?)^```/gms)].map(([, block = '']) => block);
  return blocks
    .filter((block) => !block.includes('mailferry'))
    .map((block) =>
      block
        .replaceAll('/mnt/nas/mail/archive', folder.at('nas'))
        .replaceAll('/srv/mail/archive.mbox', folder.at('box'))
        .replaceAll('/srv/mail/archive', folder.at('Mail')),
    );
}

/** What each of them prints, one after the other: they write files of the same names. */
async function found(folder: TemporaryFolder): Promise<string[]> {
  const printed: string[] = [];
  for (const block of await recipes(folder))
    printed.push((await run('sh', ['-c', block], { cwd: folder.path })).stdout);
  return printed;
}

describe('an archive that is checked without Mailferry', () => {
  beforeEach(requirePrograms('jq', 'perl', 'sha256sum'));

  it('is whole when nothing was lost, and what is damaged, gone or cut off is named', async () => {
    await using folder = await temporaryFolder();
    await using server = await createServer({ users: { alice: { password: 'secret', messages: MESSAGES } } });
    const deliver = [
      { type: 'maildir', path: 'Mail' },
      { type: 'maildir', path: 'nas', lineEndings: 'as-received' },
      { type: 'mbox', path: 'box' },
    ];
    await writeConfiguration(folder.path, { port: server.address.port, deliver, delete: 'never' });
    const here = { cwd: folder.path };
    expect(await runProgram(['fetch'], here)).toMatchObject({ status: 0 });
    const { stdout: record } = await runProgram(['history', '--json', '--all', '--limit', '10000000'], here);
    await writeFile(folder.at('record.jsonl'), record);
    expect(await found(folder)).toEqual(['', '', '']);

    const [first = ''] = await readdir(folder.at('Mail/new'));
    await rm(folder.at('Mail/new', first));
    const [other = ''] = await readdir(folder.at('nas/new'));
    await writeFile(folder.at('nas/new', other), 'x');
    await truncate(folder.at('box'), (await readFile(folder.at('box'))).lastIndexOf('From '));
    expect(await found(folder)).toEqual([
      expect.stringMatching(/^[0-9a-f]{64}\n$/),
      expect.stringMatching(/^[0-9a-f]{64}\n$/),
      expect.stringMatching(/^\d+\n$/),
    ]);
  });
});
