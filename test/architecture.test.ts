import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';

const BASE = ['chunks', 'errors', 'group-by', 'runtime', 'secret'];
const MAX_LINES = 400;
const BANNED = /(^|[/-])(utils?|helpers?|common|core|services?|managers?)([-./]|$)/;

/** Documents that lead into the tree. */
const readers = [
  'CONTRIBUTING.md',
  'SECURITY.md',
  'docs/architecture.md',
  'docs/server.md',
  'test/torture/README.md',
  ...readdirSync('docs/decisions').map((name) => join('docs/decisions', name)),
];

const page = readFileSync('docs/architecture.md', 'utf8');
const mayImport = readTable('folder');
const insideMayImport = readTable('folder inside');
const soleImporters = readTable('package or module');
const sources = new Map(
  readdirSync('src', { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => [join('src', name), readFileSync(join('src', name), 'utf8')]),
);

describe('the layers', () => {
  it('import only what the table in docs/architecture.md allows', () => {
    expect(layerViolations(sources)).toEqual([]);
  });

  it('are really checked: a seeded violation is found', () => {
    const seeded = new Map([
      ['src/wire/seeded.ts', "import { Transaction } from '../pop3-client/transaction.ts';"],
      ['src/pop3-server/seeded.ts', "const client = await import('../pop3-client/index.ts');"],
      ['src/poll/seeded.ts', "export type { Configuration } from '../config/configuration.ts';"],
      ['src/unlisted/seeded.ts', "import '../wire/limits.ts';"],
    ]);
    expect(layerViolations(seeded)).toEqual([
      'src/wire/seeded.ts imports pop3-client',
      'src/pop3-server/seeded.ts imports pop3-client',
      'src/poll/seeded.ts imports config',
      'src/unlisted/seeded.ts: "unlisted" is not in the table',
    ]);
  });

  it('are divided inside as the second table allows', () => {
    expect(insideViolations(sources)).toEqual([]);
    const seeded = new Map([
      ['src/poll/recognition/seeded.ts', "import { retrieve } from '../retrieval/retrieve.ts';"],
      ['src/delivery/other/seeded.ts', "import { Mbox } from '../mbox/mbox.ts';"],
    ]);
    expect(insideViolations(seeded)).toEqual([
      'src/poll/recognition/seeded.ts imports poll/retrieval',
      'src/delivery/other/seeded.ts: "delivery/other" is not in the table',
    ]);
  });

  it('have a folder or file for each row of the table', () => {
    const missing = [...mayImport.keys(), ...insideMayImport.keys()].filter(
      (name) => !existsSync(join('src', name)) && !existsSync(join('src', `${name}.ts`)),
    );
    expect(missing).toEqual([]);
  });
});

describe('the modules', () => {
  it('import each other in no circle, types included', () => {
    expect(circleIn(sources)).toEqual([]);
  });

  it('are really checked: a seeded circle is found', () => {
    const seeded = new Map([
      ['src/wire/above.ts', "import { one } from './one.ts';"],
      ['src/wire/one.ts', "import type { Two } from './two.ts';"],
      ['src/wire/two.ts', "const three = await import('../pop3/three.ts');"],
      ['src/pop3/three.ts', "export { one } from '../wire/one.ts';"],
    ]);
    expect(circleIn(seeded)).toEqual(['src/wire/one.ts', 'src/wire/two.ts', 'src/pop3/three.ts']);
  });
});

describe('third-party packages', () => {
  it('have no other importer than the table says', () => {
    expect(importerViolations(sources)).toEqual([]);
  });

  it('are really checked: a seeded violation is found', () => {
    const seeded = new Map([
      ['src/poll/seeded.ts', "import { simpleParser } from 'mailparser';"],
      ['src/cli/seeded.ts', "const { connect } = await import('node:net');"],
      ['src/cli/other.ts', "import left from 'left-pad';"],
    ]);
    expect(importerViolations(seeded)).toEqual([
      'src/poll/seeded.ts imports mailparser',
      'src/cli/seeded.ts imports node:net',
      'src/cli/other.ts imports left-pad, which is not in the table',
    ]);
  });

  it('are all used, each by its importer', () => {
    const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as {
      dependencies: Record<string, string>;
    };
    const imported = new Set([...sources].flatMap(([, text]) => importsOf(text)).map(packageOf));
    expect(Object.keys(manifest.dependencies).filter((name) => !imported.has(name))).toEqual([]);
  });
});

describe('the tree', () => {
  it(`has no file of more than ${MAX_LINES} lines`, () => {
    const long = [...sources].filter(([, text]) => text.split('\n').length > MAX_LINES).map(([path]) => path);
    expect(long).toEqual([]);
  });

  it('has no file or folder with a name that says nothing', () => {
    expect([...sources.keys()].filter((path) => BANNED.test(path))).toEqual([]);
  });

  it('has every path that the documents for its readers name', () => {
    const named = readers.flatMap((file) =>
      [...readFileSync(file, 'utf8').matchAll(/`((?:src|test|docs|bin)\/[^`\s*]*)`/g)].map(
        ([, path = '']) => `${file}: ${path}`,
      ),
    );
    expect(named.length).toBeGreaterThan(100);
    expect(named.filter((one) => !existsSync(one.split(': ')[1] ?? ''))).toEqual([]);
  });

  it('has every name at the place that CONTRIBUTING.md says', () => {
    const named = [...readFileSync('CONTRIBUTING.md', 'utf8').matchAll(/`(\w+)` in `(src\/[^`]+\.ts)`/g)];
    expect(named.length).toBeGreaterThan(3);
    const missing = named.filter(([, name = '', path = '']) => !(sources.get(path) ?? '').includes(name));
    expect(missing.map(([text]) => text)).toEqual([]);
  });
});

function layerViolations(files: ReadonlyMap<string, string>): string[] {
  return [...files].flatMap(([path, text]) => {
    const own = layerOf(path);
    if (BASE.includes(own))
      return importedLayers(path, text)
        .filter((layer) => !BASE.includes(layer))
        .map((layer) => `${path} imports ${layer}`);
    const allowed = mayImport.get(own);
    if (allowed === undefined) return [`${path}: "${own}" is not in the table`];
    return importedLayers(path, text)
      .filter((layer) => layer !== own && !BASE.includes(layer) && !allowed.includes(layer))
      .map((layer) => `${path} imports ${layer}`);
  });
}

/** As `layerViolations`, for the folders inside those of which the second table has any. */
function insideViolations(files: ReadonlyMap<string, string>): string[] {
  const divided = new Set([...insideMayImport.keys()].map((name) => name.split('/')[0]));
  return [...files].flatMap(([path, text]) => {
    const own = folderInside(path);
    if (own === undefined || !divided.has(layerOf(path))) return [];
    const allowed = insideMayImport.get(own);
    if (allowed === undefined) return [`${path}: "${own}" is not in the table`];
    return importedFiles(path, text)
      .filter((imported) => layerOf(imported) === layerOf(path))
      .map(folderInside)
      .filter((name) => name !== undefined && name !== own && !allowed.includes(name))
      .map((name) => `${path} imports ${name}`);
  });
}

/** The paths of a circle of imports, in order; empty where there is none. */
function circleIn(files: ReadonlyMap<string, string>): readonly string[] {
  const free = new Set<string>();
  const search = (path: string, way: readonly string[]): readonly string[] => {
    if (way.includes(path)) return way.slice(way.indexOf(path));
    if (free.has(path)) return [];
    for (const imported of importedFiles(path, files.get(path) ?? '')) {
      const circle = search(imported, [...way, path]);
      if (circle.length > 0) return circle;
    }
    free.add(path);
    return [];
  };
  for (const path of files.keys()) {
    const circle = search(path, []);
    if (circle.length > 0) return circle;
  }
  return [];
}

function importerViolations(files: ReadonlyMap<string, string>): string[] {
  return [...files].flatMap(([path, text]) =>
    importsOf(text)
      .filter((specifier) => !specifier.startsWith('.'))
      .map(packageOf)
      .flatMap((name) => {
        const importers = soleImporters.get(name);
        if (importers === undefined)
          return name.startsWith('node:') ? [] : [`${path} imports ${name}, which is not in the table`];
        return importers.some((importer) => path === importer || path.startsWith(importer))
          ? []
          : [`${path} imports ${name}`];
      }),
  );
}

function importedLayers(path: string, text: string): string[] {
  return importedFiles(path, text).map(layerOf);
}

function importedFiles(path: string, text: string): string[] {
  return importsOf(text)
    .filter((specifier) => specifier.startsWith('.'))
    .map((specifier) => normalize(join(dirname(path), specifier)));
}

/** `src/wire/limits.ts` → `wire`, `src/app.ts` → `app`. */
function layerOf(path: string): string {
  return (path.split('/')[1] ?? '').replace(/\.ts$/, '');
}

/** `src/poll/columns/numbers.ts` → `poll/columns`; undefined for what lies in the folder of its layer itself. */
function folderInside(path: string): string | undefined {
  const [, layer, folder, file] = path.split('/');
  return file === undefined ? undefined : `${layer}/${folder}`;
}

function importsOf(text: string): string[] {
  const found = text.matchAll(
    /(?:^|\n)\s*(?:import|export)\s(?:[^;'"]*?\sfrom\s)?\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)/g,
  );
  return [...found].map(([, fixed, dynamic]) => fixed ?? dynamic ?? '');
}

/** `@scope/name/path` → `@scope/name`, `node:fs/promises` → `node:fs/promises`. */
function packageOf(specifier: string): string {
  if (specifier.startsWith('node:')) return specifier;
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

/** The table of docs/architecture.md whose first column has that heading: first column → names in the second. */
function readTable(heading: string): Map<string, string[]> {
  const rows =
    page
      .slice(page.indexOf(`| ${heading} |`))
      .split('\n\n', 1)[0]
      ?.split('\n')
      .slice(2) ?? [];
  return new Map(
    rows.map((row) => row.split('|')).map((cells) => [names(cells[1])[0] ?? '', names(cells[2])]),
  );
}

function names(cell: string | undefined): string[] {
  return [...(cell ?? '').matchAll(/`([^`]+)`/g)].map(([, name]) => name ?? '');
}
