import { execFileSync } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { beforeEach, describe, expect, test } from 'vitest';
import { buildProgram } from '../../src/cli/command-line/program.ts';
import { completionScript, type Shell } from '../../src/cli/completion.ts';
import { requirePrograms } from '../support/programs.ts';
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts';

const program = buildProgram(() => () => Promise.resolve());
const script = (shell: Shell): string => completionScript(program, shell);

describe('completion in bash', () => {
  beforeEach(requirePrograms('bash'));

  function completed(...words: string[]): string[] {
    const line = words.map((word) => `'${word}'`).join(' ');
    const ask = `mailferry() { echo home work; }\n${script('bash')}\nCOMP_WORDS=(mailferry ${line}); COMP_CWORD=${words.length}; _mailferry; printf '%s\\n' "\${COMPREPLY[@]}"`;
    return execFileSync('bash', ['-u', '-c', ask], { encoding: 'utf8' })
      .split('\n')
      .filter((it) => it !== '');
  }

  test.each<[string[], string[]]>([
    [['fe'], ['fetch']],
    [['fetch', '--dry'], ['--dry-run']],
    [
      ['fetch', ''],
      ['home', 'work'],
    ],
    [['-c', 'x', 'fetch', 'w'], ['work']],
    [['--log-format', 'j'], ['json']],
    [['import', 'g'], ['getmail']],
    [['init', '--tls', 's'], ['starttls']],
    [
      ['completion', ''],
      ['bash', 'zsh', 'fish', 'accounts'],
    ],
  ])('%j gives %j', (words, replies) => {
    expect(completed(...words)).toEqual(replies);
  });

  test('knows every command', () => {
    expect(completed('').sort()).toEqual(program.commands.map((command) => command.name()).sort());
  });
});

/** What is asked of a shell, and what it must offer, all of it. */
const ASKED: readonly (readonly [string, readonly string[]])[] = [
  ['mailferry fet', ['fetch']],
  ['mailferry -c x fet', ['fetch']],
  ['mailferry fetch --dry', ['--dry-run']],
  ['mailferry fetch ', ['home', 'work']],
  ['mailferry -c x fetch w', ['work']],
  ['mailferry --config=x explain h', ['home']],
  ['mailferry --log-format j', ['json']],
  ['mailferry import m', ['mpop']],
  ['mailferry init --tls st', ['starttls']],
  ['mailferry completion z', ['zsh']],
];

describe('completion in zsh', () => {
  beforeEach(requirePrograms('zsh'));

  /** Presses the tabulator in a shell with a terminal of its own, and takes note of what it offers. */
  async function offered(line: string): Promise<readonly string[]> {
    await using folder = await temporaryFolder();
    await mkdir(folder.at('functions'));
    await writeFile(folder.at('functions/_mailferry'), script('zsh'));
    await writeFile(
      folder.at('setup'),
      `fpath=(${folder.at('functions')} $fpath)
mailferry() { print -l home work }
autoload -U compinit; compinit -D -u
bindkey '^I' complete-word
compadd() {
  typeset -a hits
  if [[ \${@[1,(i)(-|--)]} != *-(O|A|D)\\ * ]]; then
    builtin compadd -O hits "$@"
    print -rl -- $hits >>${folder.at('offered')}
  fi
  builtin compadd "$@"
}
leave() { exit }
comppostfuncs=(leave)
`,
    );
    const ask = `zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell "source ${folder.at('setup')}"
zpty -w -n shell "$1"$'\\t'
while zpty -r shell seen; do :; done`;
    execFileSync('zsh', ['-f', '-c', ask, 'ask', line], {
      cwd: folder.path,
      env: environment(folder),
      timeout: 30_000,
    });
    return wordsOf(await readFile(folder.at('offered'), 'utf8'));
  }

  test.each(ASKED)('%j offers %j', async (line, words) => {
    expect(await offered(line)).toEqual(words);
  });

  test('knows every command, and an option by each of its names', async () => {
    expect(await offered('mailferry ')).toEqual(program.commands.map((command) => command.name()).sort());
    expect(await offered('mailferry fetch -')).toEqual(expect.arrayContaining(['-q', '--quiet']));
  });
});

describe('completion in fish', () => {
  beforeEach(requirePrograms('fish'));

  async function offered(line: string): Promise<readonly string[]> {
    await using folder = await temporaryFolder();
    const ask = `function mailferry; echo home; echo work; end\n${script('fish')}\ncomplete -C '${line}'`;
    const options = { cwd: folder.path, env: environment(folder), encoding: 'utf8' } as const;
    return wordsOf(execFileSync('fish', ['--no-config', '-c', ask], options));
  }

  test.each(ASKED)('%j offers %j', async (line, words) => {
    expect(await offered(line)).toEqual(words);
  });

  test('knows every command, and names a program that is imported from once', async () => {
    expect(await offered('mailferry ')).toEqual(program.commands.map((command) => command.name()).sort());
    expect(await offered('mailferry import mpop f')).toEqual([]);
  });
});

function environment({ path }: TemporaryFolder): NodeJS.ProcessEnv {
  return { PATH: process.env['PATH'], HOME: path, TERM: 'dumb', LC_ALL: 'C.UTF-8' };
}

/** The words of such a list, without what is said about them. */
function wordsOf(list: string): readonly string[] {
  const words = list.split('\n').map((line) => line.split('\t')[0]?.trim() ?? '');
  return [...new Set(words)].filter((word) => word !== '').sort();
}
