import { readFile } from 'node:fs/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import { createServer } from '../../src/pop3-server/index.ts';
import { runProgram, writeConfiguration } from '../support/program.ts';
import { requirePrograms } from '../support/programs.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const COUNT = 100;
const MESSAGES = Array.from(
  { length: COUNT },
  (_, index) => `Message-ID: <${index}@mail.example>\r\n\r\n${'.line\r\n'.repeat(200)}`,
);

/** To a socket that is not one of the standard streams. */
const SENT = /^(?:write|writev|sendto)\((?:[3-9]|\d\d+)<(?:TCP|socket):/;

// Speed is held by counts, since a test that measures time fails on a busy machine and passes on a fast one.
describe('What a poll of many small messages costs', () => {
  beforeEach(requirePrograms('strace'));

  it('per message one write, one fsync, one rename; the folder and the ledger are shared', async () => {
    const calls = await traced({});
    const ofMessages = /\/Mail\/tmp\//;
    expect(count(calls, /^openat\(.*\/Mail\/tmp\/[^"]*", O_RDWR\|O_CREAT\|O_EXCL/)).toBe(COUNT);
    expect(count(calls, /^pwrite(?:64|v)\(/, ofMessages)).toBe(COUNT);
    expect(count(calls, /^fsync\(/, ofMessages)).toBe(COUNT);
    expect(count(calls, /^rename\(/, ofMessages)).toBe(COUNT);
    expect(count(calls, /^fsync\(/, /\/Mail\/new>/)).toBeLessThan(COUNT / 2);
    expect(count(calls, /^fsync\(|^fdatasync\(/, /ledger\.db-wal>/)).toBeLessThan(COUNT / 2);
    // SQLite takes and gives back a lock for each statement that is not in a transaction.
    expect(count(calls, /^fcntl\(/, /ledger\.db/)).toBeLessThan(3 * COUNT);
    expect(count(calls, /^pwrite64\(/, /ledger\.db-wal>/)).toBeLessThan(3 * COUNT);
  });

  it('seven writes to the server, each a round trip at most, and no octet more than the commands', async () => {
    const calls = await traced({ auth: 'user-pass' });
    const sent = calls.filter((call) => SENT.test(call));
    const octets = sent.reduce((sum, call) => sum + Number(/= (\d+)$/.exec(call)?.[1] ?? 0), 0);
    const numbers = MESSAGES.map((_, index) => index + 1);
    const commands = [
      'CAPA',
      'UTF8',
      'USER alice',
      'PASS secret',
      'CAPA',
      'STAT',
      'LIST',
      'UIDL',
      ...numbers.map((number) => `RETR ${number}`),
      'NOOP',
      ...numbers.map((number) => `DELE ${number}`),
      'QUIT',
    ];
    expect(octets).toBe(commands.reduce((sum, command) => sum + command.length + 2, 0));
    // CAPA, UTF8, USER, PASS, CAPA and the listings, all RETR and the NOOP behind them, all DELE and QUIT.
    expect(sent).toHaveLength(7);
  });

  it('nothing new: two commands after the login, two commits', async () => {
    const calls = await traced({ delete: 'never' }, 2);
    const sent = calls
      .filter((call) => /^(?:write|writev|sendto)\(\d+<(?:TCP|socket):/.test(call))
      .join('\n');
    expect(sent).toContain(`UIDL ${COUNT}`);
    expect(sent).toContain('STAT');
    expect(sent).not.toMatch(/LIST|UIDL\\r/);
    // Known from the poll before, so asked only alongside STAT.
    expect(sent.match(/CAPA/g)).toHaveLength(1);
    // One for each commit, one for the beginning of the log, one before it is put away.
    expect(count(calls, /^fsync\(|^fdatasync\(/, /ledger\.db-wal>/)).toBe(4);
  });
});

/** The system calls of a poll; of the last one, when there are several. */
async function traced(account: Readonly<Record<string, unknown>>, polls = 1): Promise<readonly string[]> {
  await using folder = await temporaryFolder();
  await using server = await createServer({ users: { alice: { password: 'secret', messages: MESSAGES } } });
  await writeConfiguration(folder.path, { port: server.address.port, ...account });
  const names = 'trace=openat,fsync,fdatasync,rename,pwrite64,pwritev,write,writev,sendto,fcntl';
  const under = ['strace', '-f', '-y', '-s', '256', '-e', names, '-o', folder.at('trace')];
  for (let poll = 1; poll < polls; poll += 1) await runProgram(['fetch'], { cwd: folder.path });
  expect(await runProgram(['fetch'], { cwd: folder.path, under })).toMatchObject({ status: 0 });
  return wholeCalls(await readFile(folder.at('trace'), 'latin1'));
}

/** Each call on one line, also where others came between its beginning and its end. */
function wholeCalls(trace: string): string[] {
  const begun = new Map<string, string>();
  return trace.split('\n').flatMap((line) => {
    const [, pid = '', call = ''] = /^(\d+) +(.*)$/.exec(line) ?? [];
    if (call.endsWith('<unfinished ...>')) {
      begun.set(pid, call.slice(0, -'<unfinished ...>'.length));
      return [];
    }
    const rest = /^<\.\.\. \w+ resumed>(.*)$/.exec(call)?.[1];
    return [rest === undefined ? call : `${begun.get(pid) ?? ''}${rest}`];
  });
}

function count(calls: readonly string[], what: RegExp, where: RegExp = /./): number {
  return calls.filter((call) => what.test(call) && where.test(call)).length;
}
