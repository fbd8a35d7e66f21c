import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createServer, type Pop3Server } from '../../src/pop3-server/index.ts';
import { runProgram, writeConfiguration } from '../support/program.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

interface Outcome {
  readonly fetched: number;
  readonly kept: number;
  readonly deleted: number;
}

const MAIL = Array.from(
  { length: 30 },
  (_, index) => `Message-ID: <${index}@mail.example>\r\nSubject: ${index}\r\n\r\n${'body\r\n'.repeat(index)}`,
);

describe('I8: identity is more than the unique-id', () => {
  it('when a server changes every unique-id, only what is new is retrieved', async () => {
    await using folder = await temporaryFolder();
    await using maildrop = await keptMaildrop(folder.path);
    maildrop.server.setFaults([{ do: 'uids', prefix: 'changed-' }]);
    maildrop.server.maildrop('alice').add('Message-ID: <new@mail.example>\r\nSubject: new\r\n\r\nnew\r\n');
    maildrop.commands.length = 0;

    const { outcome, stderr } = await poll(folder.path);
    expect(outcome).toMatchObject({ fetched: 1, kept: 31 });
    expect(stderr).toContain('lists 30 messages under new unique-ids');
    expect(maildrop.commands.filter((line) => line.startsWith('RETR'))).toEqual(['RETR 31']);
    expect((await readdir(join(folder.path, 'Mail/new'))).length).toBe(31);

    maildrop.commands.length = 0;
    expect((await poll(folder.path)).outcome).toMatchObject({ fetched: 0, kept: 31 });
    expect(maildrop.commands.filter((line) => /^(RETR|TOP)/.test(line))).toEqual([]);
  });

  it('without TOP the content is compared, and nothing is stored twice', async () => {
    await using folder = await temporaryFolder();
    await using maildrop = await keptMaildrop(folder.path, ['TOP']);
    maildrop.server.setFaults([{ do: 'uids', prefix: 'changed-' }]);
    maildrop.server.maildrop('alice').add('Subject: new\r\n\r\nnew\r\n');
    expect((await poll(folder.path)).outcome).toMatchObject({ fetched: 1, kept: 31 });
    expect((await poll(folder.path)).outcome).toMatchObject({ fetched: 0, kept: 31 });
    expect((await readdir(join(folder.path, 'Mail/new'))).length).toBe(31);
  });

  it('a maildrop that seems empty for one poll costs nothing when it is back', async () => {
    await using folder = await temporaryFolder();
    await using maildrop = await keptMaildrop(folder.path);
    await using empty = await createServer({ users: { alice: { password: 'secret' } } });
    await writeConfiguration(folder.path, { port: empty.address.port, delete: 'never' });
    expect((await poll(folder.path)).outcome).toMatchObject({ fetched: 0, kept: 0 });
    await writeConfiguration(folder.path, { port: maildrop.server.address.port, delete: 'never' });
    maildrop.commands.length = 0;
    expect((await poll(folder.path)).outcome).toMatchObject({ fetched: 0, kept: 30 });
    expect(maildrop.commands.filter((line) => line.startsWith('RETR'))).toEqual([]);
  });

  it('two different messages with one Message-ID are both kept', async () => {
    await using folder = await temporaryFolder();
    await using maildrop = await keptMaildrop(folder.path);
    maildrop.server.setFaults([{ do: 'uids', prefix: 'changed-' }]);
    maildrop.server.maildrop('alice').add('Message-ID: <3@mail.example>\r\nSubject: other\r\n\r\nother\r\n');
    expect((await poll(folder.path)).outcome).toMatchObject({ fetched: 1, kept: 31 });
  });
});

describe('what cannot be told from outside is decided so that nothing is lost', () => {
  const COPY = 'Message-ID: <copy@mail.example>\r\nSubject: copy\r\n\r\ncopy\r\n';

  it('I8: an equal message that comes after a QUIT without an answer is stored as well', async () => {
    await using folder = await temporaryFolder();
    await using server = await createServer({ users: { alice: { password: 'secret', messages: [COPY] } } });
    server.setFaults([{ do: 'cut', command: 'QUIT', commit: true }]);
    await writeConfiguration(folder.path, { port: server.address.port });
    expect(await runProgram(['fetch', '--quiet'], { cwd: folder.path })).toMatchObject({ status: 69 });
    server.setFaults([]);
    server.maildrop('alice').add(COPY);
    expect((await poll(folder.path)).outcome).toMatchObject({ fetched: 1, deleted: 1 });
    expect((await readdir(join(folder.path, 'Mail/new'))).length).toBe(2);
  });

  it('I1: a message that is cut in the same way twice stays on the server until somebody says so', async () => {
    await using folder = await temporaryFolder();
    const long = `${COPY}${'line\r\n'.repeat(400)}`;
    await using server = await createServer({ users: { alice: { password: 'secret', messages: [long] } } });
    server.setFaults([{ do: 'shorten', command: 'RETR', octets: 1200 }]);
    await writeConfiguration(folder.path, { port: server.address.port });
    const fetch = (...more: string[]): ReturnType<typeof runProgram> =>
      runProgram(['fetch', '--quiet', ...more], { cwd: folder.path });
    for (const words of ['but is listed with', 'shorter than the server lists them', '--confirm-delete']) {
      expect(await fetch()).toMatchObject({ status: 65, stderr: expect.stringContaining(words) });
    }
    expect((await readdir(join(folder.path, 'Mail/new'))).length).toBe(1);
    expect(server.maildrop('alice').messages.map(String)).toEqual([long]);
    const { stdout } = await runProgram(['explain', 'me', '1'], { cwd: folder.path });
    expect(stdout).toContain(`was listed with ${long.length}`);
    expect(await fetch('--confirm-delete')).toMatchObject({ status: 0 });
    expect(server.maildrop('alice').messages).toEqual([]);
  });
});

/** A server whose 30 messages were carried and kept. */
async function keptMaildrop(
  folder: string,
  without: readonly string[] = [],
): Promise<AsyncDisposable & { readonly server: Pop3Server; readonly commands: string[] }> {
  const commands: string[] = [];
  const server = await createServer({
    users: { alice: { password: 'secret', messages: MAIL } },
    without,
    observe: (event) => void (event.kind === 'command' && commands.push(event.line)),
  });
  await writeConfiguration(folder, { port: server.address.port, delete: 'never' });
  expect((await poll(folder)).outcome).toMatchObject({ fetched: 30, kept: 30 });
  return { server, commands, [Symbol.asyncDispose]: () => server.close() };
}

async function poll(folder: string): Promise<{ outcome: Outcome; stderr: string }> {
  const { stdout, stderr } = await runProgram(['fetch', '--json'], { cwd: folder });
  return { outcome: JSON.parse(stdout) as Outcome, stderr };
}
