import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { beforeEach, describe, expect, test } from 'vitest';
import { buildProgram } from '../../src/cli/command-line/program.ts';
import { renderReference } from '../config/reference.ts';
import { requirePrograms } from '../support/programs.ts';
import { manualPages } from './manual.ts';
import { roffText } from './roff.ts';

const PAGES = manualPages(
  buildProgram(() => () => Promise.resolve()),
  renderReference(),
);
const FILES = PAGES.map(({ file }) => file);

describe('the manual', () => {
  test.each(PAGES.map((page) => [page.file, page] as const))(
    '%s is the page in docs/man; `npm run docs` writes it anew',
    async (file, page) => {
      await expect(page.text).toMatchFileSnapshot(`../../docs/man/${file}`);
    },
  );

  test('has no other pages, and the package names each of them, without which npm installs none', () => {
    expect(readdirSync('docs/man').sort()).toEqual([...FILES].sort());
    const manifest: unknown = JSON.parse(readFileSync('package.json', 'utf8'));
    expect(manifest).toMatchObject({ man: FILES.map((file) => `docs/man/${file}`).sort() });
  });

  test('names every key of an account and every option of fetch', () => {
    const text = (file: string): string => PAGES.find((page) => page.file === file)?.text ?? '';
    for (const key of ['host', 'tls', 'deliver', 'delete', 'schedule', 'stateDir'])
      expect(text('mailferry.yaml.5')).toContain(`\\fB${key}\\fR`);
    for (const option of ['--dry-run', '--json', '--config'])
      expect(text('mailferry-fetch.1')).toContain(roffText(option));
  });
});

test.each([
  ['verify', '65 when a message is changed'],
  ['import', '78 when something is left for you to say'],
])('the manual page of %s says of its exit status what its --help says', (name, words) => {
  expect(PAGES.find(({ file }) => file === `mailferry-${name}.1`)?.text).toContain(words);
});

describe('each page of the manual', () => {
  beforeEach(requirePrograms('groff'));

  test.each(PAGES.map((page) => [page.file, page.text] as const))(
    '%s is shown without a complaint',
    (_, text) => {
      const { stdout, stderr } = spawnSync('groff', ['-man', '-Tutf8', '-P-cbou', '-ww'], {
        input: text,
        encoding: 'utf8',
      });
      expect(stderr).toBe('');
      // oxlint-disable-next-line no-control-regex -- a page may be read by a groff that takes it for Latin-1
      expect(text).toMatch(/^[\0-\x7f]*$/);
      expect(stdout).toMatch(/^NAME$/m);
    },
  );
});
