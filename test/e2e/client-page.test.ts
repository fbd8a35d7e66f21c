import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';

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

/** Below the built package, so that its own name leads to it. */
let folder: string;

/** What the compiler has to say. */
let complaints: string;

beforeAll(async () => {
  folder = await mkdtemp(join(ROOT, 'dist', 'examples-'));
  const compilerOptions = {
    target: 'es2022',
    lib: ['es2023', 'esnext.disposable'],
    module: 'nodenext',
    types: ['node'],
    strict: true,
    noImplicitAny: true,
    exactOptionalPropertyTypes: true,
  };
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.mts'] }));
  for (const [index, { code }] of examples.entries()) {
    await writeFile(join(folder, `example-${index}.mts`), `${beginning?.code ?? ''}\n${code}`);
  }
  const compiler = join(ROOT, 'node_modules/.bin/tsc');
  complaints = await run(compiler, ['-p', folder]).then(
    ({ stdout }) => stdout,
    (error: { stdout: string }) => error.stdout,
  );
});

afterAll(() => rm(folder, { recursive: true }));

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
    const { stdout, stderr } = await run(process.execPath, [join(folder, `example-${index}.mjs`)]);
    expect({ stdout, stderr }).toEqual({ stdout: examples[index]?.prints, stderr: '' });
  },
);
