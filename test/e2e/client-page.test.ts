import { execFile } from 'node:child_process';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts';

/** The examples of docs/client.md, as a reader would paste them: compiled by strict rules, and run. */

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, '../..');

interface Example {
  readonly heading: string;
  readonly code: string;
  /** What the page says that it prints; undefined where it says nothing. */
  readonly prints: string | undefined;
}

/** The blocks of a page in their order, each example with the output that follows it. */
function examplesOf(page: string): Example[] {
  const found = page.matchAll(/^```ts\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?/gms);
  return [...found].map(({ index, 1: code = '', 2: prints }) => {
    const headings = [...page.slice(0, index).matchAll(/^#+ (.*)$/gm)];
    return { heading: headings.at(-1)?.[1] ?? '', code, prints };
  });
}

const page = await readFile(join(ROOT, 'docs/client.md'), 'utf8');
const [beginning, ...examples] = examplesOf(page);

/** A project of a reader's: what it depends on leads here. */
let project: TemporaryFolder;

/** What the compiler has to say. */
let complaints: string;

beforeAll(async () => {
  project = await temporaryFolder();
  await mkdir(project.at('node_modules'));
  await symlink(ROOT, project.at('node_modules/mailferry'));
  await symlink(join(ROOT, 'node_modules/@types'), project.at('node_modules/@types'));
  const compilerOptions = {
    target: 'es2022',
    lib: ['es2023', 'esnext.disposable'],
    module: 'nodenext',
    types: ['node'],
    strict: true,
    noImplicitAny: true,
    exactOptionalPropertyTypes: true,
  };
  await writeFile(project.at('tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.mts'] }));
  for (const [index, { code }] of examples.entries()) {
    await writeFile(project.at(`example-${index}.mts`), `${beginning?.code ?? ''}\n${code}`);
  }
  const compiler = join(ROOT, 'node_modules/.bin/tsc');
  complaints = await run(compiler, ['-p', project.path]).then(
    ({ stdout }) => stdout,
    (error: { stdout: string }) => error.stdout,
  );
});

afterAll(() => project[Symbol.asyncDispose]());

test('the page has examples, and every one of them says what it prints', () => {
  expect(examples.length).toBeGreaterThan(5);
  expect(examples.filter(({ prints }) => prints === undefined)).toEqual([]);
  expect(page).not.toMatch(/\bany\b.*=>|: any\b|as any\b/);
});

test('the examples compile', () => {
  expect(complaints).toBe('');
});

test.each(examples.map(({ heading }, index) => [index, heading] as const))(
  'example %i (%s) prints what the page says',
  async (index) => {
    const { stdout, stderr } = await run(process.execPath, [project.at(`example-${index}.mjs`)]);
    expect({ stdout, stderr }).toEqual({ stdout: examples[index]?.prints, stderr: '' });
  },
);
