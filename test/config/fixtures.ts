import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Configuration } from '../../src/config/configuration.ts';
import { type ParseOptions, parseConfiguration } from '../../src/config/parse.ts';
import { ConfigurationError } from '../../src/config/problem.ts';

/** A folder that is gone after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'mailferry-config-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Writes a file, with the folders above it, and returns its path. */
export function write(path: string, text: string, mode = 0o600): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

const OPTIONS: ParseOptions = {
  path: '/etc/mailferry/config.yaml',
  env: {},
  home: '/home/me',
  openToOthers: false,
};

/** Parses a configuration as if it stood in /etc/mailferry/config.yaml. */
export function parse(text: string, options: Partial<ParseOptions> = {}): Promise<Configuration> {
  return parseConfiguration(text, { ...OPTIONS, ...options });
}

/** What is wrong with a text, each as `line:column: key: message`. */
export async function problemsOf(
  text: string,
  options: Partial<ParseOptions> = {},
): Promise<readonly string[]> {
  try {
    await parse(text, options);
  } catch (thrown) {
    if (!(thrown instanceof ConfigurationError)) throw thrown;
    return thrown.problems.map(({ line, column, key, message }) =>
      `${line}:${column}: ${key}: ${message}`.replace(': : ', ': '),
    );
  }
  return [];
}

/** One complete account, with keys replaced, added or (null text) left out, as YAML in the order given. */
export function account(changes: Readonly<Record<string, string | null>> = {}): string {
  const keys = {
    host: 'pop.example.org',
    user: 'me@example.org',
    password: '{ env: MAIL_PASSWORD }',
    deliver: '{ type: maildir, path: ~/Mail }',
    delete: 'never',
    ...changes,
  };
  const lines = Object.entries(keys).filter(([, value]) => value !== null);
  return ['accounts:', '  work:', ...lines.map(([key, value]) => `    ${key}: ${value}`), ''].join('\n');
}
