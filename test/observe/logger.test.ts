import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { openLog } from '../../src/observe/logger.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

function heldOctets(): number {
  collect();
  return process.memoryUsage().heapUsed;
}

const OPTIONS = { level: 'info', format: 'json', terminal: false, colours: false } as const;

test('a log goes on in a new file once its own was moved away, and in the old one where there can be none', async () => {
  await using folder = await temporaryFolder();
  await mkdir(folder.at('log'));
  const log = await openLog({ ...OPTIONS, file: folder.at('log/ferry') });
  log.logger.info('first');
  await rename(folder.at('log'), folder.at('old'));
  expect(() => log.reopen()).toThrow(
    expect.objectContaining({
      code: 'config',
      message: expect.stringContaining('cannot be opened: there is no such file or folder.') as string,
    }) as Error,
  );
  log.logger.info('second');
  await mkdir(folder.at('log'));
  log.reopen();
  log.logger.info('third');
  expect(await readFile(folder.at('old/ferry'), 'utf8')).toMatch(/first.*\n.*second.*\n$/);
  expect(await readFile(folder.at('log/ferry'), 'utf8')).toMatch(/^[^\n]*third[^\n]*\n$/);
});

test('a log whose file cannot be opened says so, and goes there once it can be', async () => {
  await using folder = await temporaryFolder();
  const lines: string[] = [];
  const file = folder.at('log/ferry');
  const log = await openLog({
    ...OPTIONS,
    level: 'error',
    file,
    onLine: (line) => lines.push(line),
  });
  expect(lines.map((line) => JSON.parse(line) as object)).toMatchObject([
    { level: 'error', msg: expect.stringMatching(/cannot be opened.*goes to standard error/) as string },
  ]);
  await mkdir(folder.at('log'));
  log.reopen();
  log.logger.error('at last');
  expect(await readFile(file, 'utf8')).toContain('at last');
  await rm(file);
});

test('I7: a log that cannot be written keeps a little for later, and no more', async () => {
  const { logger } = await openLog({ ...OPTIONS, file: '/dev/full' });
  const line = 'x'.repeat(10_000);
  const before = heldOctets();
  for (let lines = 0; lines < 5000; lines += 1) logger.info(line + lines);
  expect(heldOctets() - before).toBeLessThan(10_000_000);
});

test('a line for people says what happened and what to do, and does not tell a report twice', async () => {
  await using folder = await temporaryFolder();
  const file = folder.at('log');
  const { logger } = await openLog({ ...OPTIONS, format: 'pretty', level: 'trace', file });
  logger.info({ account: 'home', fetched: 3, timings: { loginMs: 7 }, error: null }, 'poll finished');
  logger.trace({ account: 'home', side: 'client' }, 'QUIT');
  logger.warn({ account: 'home', error: { code: 'x', hint: 'Mend\u001b it.' } }, 'poll finished: refused');
  logger.error({ hint: 'Look there.' }, 'no log');
  const lines = (await readFile(file, 'utf8')).trimEnd().split('\n');
  expect(lines.map((line) => line.replace(/^\[\d\d:\d\d:\d\d\] /, ''))).toEqual([
    'INFO: home: poll finished',
    'TRACE: home: QUIT {"side":"client"}',
    'WARN: home: poll finished: refused',
    '  → Mend\\x1b it.',
    'ERROR: no log',
    '  → Look there.',
  ]);
});
