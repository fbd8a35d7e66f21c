'use strict';
// The last step of the build: makes few files of the many that the program loads at its start, since to find, read
// and compile hundreds of modules takes longer than to poll. What only some commands need stays in parts of its own,
// and packages that are loaded seldom or natively stay where they are (js-yaml: by cosmiconfig's own loaders, which are
// replaced). The notices of what is bundled go along.
const { readFileSync, writeFileSync, existsSync, readdirSync } = require('node:fs');
const { join, relative, sep } = require('node:path');
const { build } = require('esbuild');

const root = join(__dirname, '..');
const dist = join(root, 'dist');
const external = [
  '@photostructure/sqlite',
  'js-yaml',
  'mailparser',
  'node-cron',
  'nodemailer',
  'pino',
  'pino-pretty',
  'typescript',
];

/** Files that stand beside a module are found from where it was before. */
const keepPlaces = {
  name: 'keep-places',
  setup({ onLoad }) {
    onLoad({ filter: /dist[\\/].*\.js$/ }, ({ path }) => {
      if (!path.startsWith(dist + sep)) return undefined;
      const text = readFileSync(path, 'utf8');
      const place = relative(join(dist, 'cli'), path).replaceAll(sep, '/');
      return { contents: text.replaceAll('import.meta.url', `new URL('${place}', import.meta.url).href`) };
    });
  },
};

async function bundle() {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: ['dist/cli/main.js'],
    outdir: 'dist/cli',
    allowOverwrite: true,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    chunkNames: 'part-[hash]',
    minifyWhitespace: true,
    minifySyntax: true,
    legalComments: 'none',
    metafile: true,
    logLevel: 'warning',
    external,
    plugins: [keepPlaces],
    banner: {
      js: "import { createRequire as requireFrom } from 'node:module';const require = requireFrom(import.meta.url);",
    },
  });
  writeFileSync(join(dist, 'cli', 'NOTICES'), notices(Object.keys(metafile.inputs)));
}

/** The licence of each package of which something was bundled. */
function notices(inputs) {
  const packages = new Set(
    inputs.flatMap((path) => /^node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? []),
  );
  return [...packages]
    .sort((one, other) => (one < other ? -1 : 1))
    .map((folder) => {
      const { name, version, license } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
      const file = readdirSync(join(root, folder)).find((entry) => /^licen[cs]e/i.test(entry));
      const text = file === undefined ? '' : readFileSync(join(root, folder, file), 'utf8');
      return `${name} ${version} (${license})\n\n${text.trim()}\n`;
    })
    .join(`\n${'-'.repeat(72)}\n\n`);
}

if (!existsSync(join(dist, 'cli/main.js'))) throw new Error('dist is not there: run npm run build');
bundle().catch((error) => {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
});
