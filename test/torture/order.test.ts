import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import { createServer } from '../../src/pop3-server/index.ts';
import { runProgram, writeConfiguration } from '../support/program.ts';
import { requirePrograms } from '../support/programs.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { fewMessages } from './mail.ts';
import { DESTINATIONS, destinationsOf } from './stored.ts';

const MAIL = fewMessages(12);

/** One system call of a trace. */
interface Step {
  readonly call: string;
  /** Lines of the trace at which it began and ended. */
  readonly from: number;
  readonly at: number;
}

// Loss of power cannot be had in a test; what survives it depends on this order alone.
describe('I2: in the order of system calls, for every message', () => {
  beforeEach(requirePrograms('strace'));

  it.for(DESTINATIONS)('%s', async ([, deliver], { task }) => {
    await using folder = await temporaryFolder();
    await using server = await createServer({ users: { alice: { password: 'secret', messages: MAIL } } });
    await writeConfiguration(folder.path, { port: server.address.port, deliver });
    await mkdir(folder.at('box'));
    await writeFile(folder.at('box/mbox'), '');
    const calls = 'trace=fsync,fdatasync,rename,renameat,renameat2,write,writev,pwrite64,pwritev';
    const under = ['strace', '-f', '-y', '-s', '8192', '-e', calls, '-o', folder.at('trace')];
    expect(await runProgram(['fetch'], { cwd: folder.path, under })).toMatchObject({ status: 0 });
    const steps = readSteps(await readFile(folder.at('trace'), 'latin1'));
    const types = destinationsOf(deliver).map(({ type }) => type);
    const wrong = MAIL.flatMap((_, index) => {
      const safe = types.flatMap((type) => (type === 'maildir' ? maildirSteps : mboxSteps)(steps, index));
      return inOrder([...safe, ...deletionSteps(steps, safe)]).map((text) => `message ${index}: ${text}`);
    });
    task.meta.figures = `${steps.length} calls`;
    expect(wrong).toEqual([]);
  });
});

type Named = readonly [string, Step | undefined];

/** Data written, fsynced, renamed into place, folder fsynced. */
function maildirSteps(steps: readonly Step[], index: number): Named[] {
  const written = steps.find(
    ({ call }) => /^pwrite(?:64|v)\(\d+<[^>]*\/Mail\/tmp\//.test(call) && isAbout(call, index),
  );
  const name = /\/Mail\/tmp\/([^>]+)>/.exec(written?.call ?? '')?.[1] ?? 'none';
  const renamed = steps.find(({ call }) => call.startsWith('rename') && call.includes(`/Mail/tmp/${name}"`));
  const synced = steps.findLast(
    ({ call, at }) => isSync(call, `/Mail/tmp/${name}`) && at < (renamed?.from ?? 0),
  );
  return [
    ['data written', written],
    ['data fsynced', synced],
    ['renamed', renamed],
    ['folder fsynced', after(renamed, steps, (call) => isSync(call, '/Mail/new'))],
  ];
}

/** Intent written, committed, message appended, fsynced. */
function mboxSteps(steps: readonly Step[], index: number): Named[] {
  const intended = steps.find(
    ({ call }) => /^pwrite64\(\d+<[^>]*ledger\.db-wal>/.test(call) && isAbout(call, index),
  );
  const appended = steps.find(
    ({ call }) => /^pwrite64\(\d+<[^>]*\/box\/mbox>/.test(call) && isAbout(call, index),
  );
  return [
    ['intent written', intended],
    ['intent committed', after(intended, steps, isLedgerSync)],
    ['appended', appended],
    ['mbox fsynced', after(appended, steps, (call) => isSync(call, '/box/mbox'))],
    // Whoever created the file may have died before its name was durable.
    ...(index > 0
      ? []
      : ([['folder fsynced', after(appended, steps, (call) => isSync(call, '/box'))]] satisfies Named[])),
  ];
}

/** The record committed after everything is safe, then DELE. */
function deletionSteps(steps: readonly Step[], safe: readonly Named[]): Named[] {
  const last = Math.max(...safe.map(([, step]) => step?.at ?? Number.POSITIVE_INFINITY));
  const deletion = steps.find(({ call }) => /^writev?\(\d+<.*(?:"|\\r\\n)DELE /.test(call));
  const committed = steps.find(({ call, from }) => isLedgerSync(call) && from > last);
  return [
    ['record committed', committed],
    ['DELE', deletion],
  ];
}

/** What is missing or out of order. Two destinations are written at the same time, so each begins anew. */
function inOrder(named: readonly Named[]): string[] {
  const wrong: string[] = [];
  for (const [index, [name, step]] of named.entries()) {
    const [nameBefore, before] = named[index - 1] ?? [];
    if (step === undefined) wrong.push(`not ${name}`);
    else if (before !== undefined && step.from <= before.at && name !== 'intent written') {
      wrong.push(`${name} before ${nameBefore}`);
    }
  }
  return wrong;
}

function after(
  step: Step | undefined,
  steps: readonly Step[],
  fits: (call: string) => boolean,
): Step | undefined {
  return step && steps.find(({ call, from }) => from > step.at && fits(call));
}

function isAbout(call: string, index: number): boolean {
  return call.includes(`Message-ID: <${index}@mail.example>`);
}

function isSync(call: string, path: string): boolean {
  return /^f(?:data)?sync\(/.test(call) && call.includes(`${path}>`);
}

function isLedgerSync(call: string): boolean {
  return isSync(call, 'ledger.db-wal');
}

/** The calls of a trace. One that others interrupt ends where it is resumed. */
function readSteps(trace: string): Step[] {
  const steps: Step[] = [];
  const open = new Map<string, { call: string; from: number }>();
  for (const [at, line] of trace.split('\n').entries()) {
    const [, pid = '', call = ''] = /^(\d+) +(.*)$/.exec(line) ?? [];
    const begun = open.get(pid);
    if (call.includes('<unfinished ...>')) open.set(pid, { call, from: at });
    else if (call.startsWith('<... ') && begun !== undefined) steps.push({ ...begun, at });
    else if (call !== '' && !call.startsWith('<... ')) steps.push({ call, from: at, at });
  }
  return steps.sort((a, b) => a.from - b.from);
}
