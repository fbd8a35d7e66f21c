import { existsSync, readdirSync, readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { buildProgram } from '../../src/cli/program.ts';
import { parse } from '../config/fixtures.ts';

/** Whatever a document shows must be right: configurations load, commands are understood. */

const FILES = [
  'README.md',
  'examples/README.md',
  ...readdirSync('docs')
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

function blocks(file: string, language: string): string[] {
  const text = readFileSync(file, 'utf8');
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\``, 'gm'))].map(
    ([, block]) => block ?? '',
  );
}

const CONFIGURATIONS = FILES.flatMap((file) =>
  blocks(file, 'yaml')
    .filter((block) => /^accounts:/m.test(block))
    .map((block) => [file, block] as const),
);

/** Every command line of ours, in blocks and within the text, with examples in place of what stands for a value. */
const COMMANDS = FILES.flatMap((file) => {
  const inText = [
    ...readFileSync(file, 'utf8')
      .replaceAll(/^```[^]*?^```/gm, '')
      .matchAll(/`(?:[^`]* )?(mailferry [^`]+)`/g),
  ].map(([, line]) => line ?? '');
  const inBlocks = blocks(file, 'sh')
    .flatMap((block) => block.replaceAll('\\\n', ' ').split('\n'))
    .flatMap((line) => line.split(/&&|;|\|\||(?<=\s)\|(?=\s)/))
    .map((line) => line.replace(/\s+#.*$/, '').trim())
    .filter((line) => line.startsWith('mailferry '));
  return [...inText, ...inBlocks].map((line) => [file, line] as const);
});

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

  test('the README is short enough to be read', () => {
    expect(readFileSync('README.md', 'utf8').split('\n').length).toBeLessThan(200);
  });
});
