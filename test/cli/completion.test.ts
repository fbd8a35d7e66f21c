import { execFileSync } from 'node:child_process';
import { beforeEach, describe, expect, test } from 'vitest';
import { completionScript, type Shell } from '../../src/cli/completion.ts';
import { buildProgram } from '../../src/cli/program.ts';
import { requirePrograms } from '../support/programs.ts';

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

describe('the script for', () => {
  describe('zsh', () => {
    beforeEach(requirePrograms('zsh'));

    test('is understood, and defines a completion', () => {
      const ask = `compdef() { print $1 $2 }; ${script('zsh')}`;
      expect(execFileSync('zsh', ['-f', '-c', ask], { encoding: 'utf8' }).trim()).toBe(
        '_mailferry mailferry',
      );
    });
  });

  describe('fish', () => {
    beforeEach(requirePrograms('fish'));

    test.each([
      ['mailferry fet', 'fetch'],
      ['mailferry fetch --dry', '--dry-run'],
      ['mailferry import mp', 'mpop'],
    ])('completes %j', (line, reply) => {
      const ask = `function mailferry; echo home; end\n${script('fish')}\ncomplete -C '${line}'`;
      expect(execFileSync('fish', ['--no-config', '-c', ask], { encoding: 'utf8' })).toMatch(
        new RegExp(`^${reply}\\b`, 'm'),
      );
    });
  });
});
