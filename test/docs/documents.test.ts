import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { buildProgram } from '../../src/cli/command-line/program.ts';
import { parse } from '../config/fixtures.ts';
import { blocks, COMMANDS, FILES } from './shown.ts';

/** Whatever a document shows must be right: configurations load, commands are understood. */

const CONFIGURATIONS = FILES.flatMap((file) =>
  blocks(file, 'yaml')
    .filter((block) => /^accounts:/m.test(block))
    .map((block) => [file, block] as const),
);

/** What is taken out of a copy of the tree to see a torture test fail, and of which files. */
const PATCHES = [...readFileSync('test/torture/README.md', 'utf8').matchAll(/`'([^']+)' (src\/\S+)`/g)].map(
  ([, patch = '', files = '']) => [patch, files] as const,
);

const EXAMPLES: readonly (readonly [RegExp, string])[] = [
  [/\[([^\]]*)\]/g, '$1'],
  [/…/g, ''],
  [/\bPROGRAM\b/g, 'mpop'],
  [/\bSHELL\b/g, 'bash'],
  [/\bfetchmail\|getmail\|mpop\b/g, 'mpop'],
  [/\bHOST:PORT\b/g, '127.0.0.1:1110'],
  [/\bNAME:PASSWORD\b/g, 'alice:secret'],
];

function wordsOf(line: string): string[] {
  const filled = EXAMPLES.reduce((text, [what, example]) => text.replaceAll(what, example), line);
  return [...filled.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)]
    .map(([, single, double, word]) => single ?? double ?? word ?? '')
    .slice(1);
}

describe('in the documents', () => {
  test.each(CONFIGURATIONS)('%s: a configuration loads: %j', async (_, text) => {
    await expect(parse(text, { openToOthers: true })).resolves.toMatchObject({ accounts: expect.any(Array) });
  });

  test.each(COMMANDS)('%s: `%s` is understood', async (_, line) => {
    const program = buildProgram(() => () => Promise.resolve());
    let said = '';
    for (const command of [program, ...program.commands] as Command[]) {
      command.exitOverride();
      command.configureOutput({ writeOut: () => undefined, writeErr: (text) => void (said += text) });
    }
    const words = wordsOf(line);
    const names = program.commands.map((command) => command.name());
    expect([...names, '--help', '--version']).toContain(words[0]);
    // Named alone, a command is only named.
    if (words.length === 1) return;
    await program.parseAsync(['node', 'mailferry', ...words]).catch((error: { exitCode?: number }) => {
      if (error.exitCode !== 0) expect.unreachable(`${words.join(' ')}: ${said}`);
    });
  });

  test('there is something to look at', () => {
    expect(CONFIGURATIONS.length).toBeGreaterThan(6);
    expect(COMMANDS.length).toBeGreaterThan(40);
    expect(PATCHES.length).toBeGreaterThan(8);
  });

  test.each(FILES)('%s: every link leads somewhere', (file) => {
    const folder = file.includes('/') ? file.slice(0, file.lastIndexOf('/') + 1) : '';
    const links = [...readFileSync(file, 'utf8').matchAll(/\]\(([^)#]+)(?:#[^)]*)?\)/g)].map(
      ([, link]) => link ?? '',
    );
    const missing = links
      .filter((link) => !/^[a-z]+:/.test(link))
      .filter((link) => !existsSync(new URL(link, `file:///${folder}`).pathname.slice(1)));
    expect(missing).toEqual([]);
  });

  test.each(PATCHES)('test/torture/README.md: the patch %s takes something out of %s', (patch, files) => {
    const patched = execFileSync('sh', ['-c', `cat ${files} | sed "$1"`, 'sh', patch], { encoding: 'utf8' });
    expect(patched).not.toBe(execFileSync('sh', ['-c', `cat ${files}`], { encoding: 'utf8' }));
  });

  test('the README is short enough to be read', () => {
    expect(readFileSync('README.md', 'utf8').split('\n').length).toBeLessThan(200);
  });
});
