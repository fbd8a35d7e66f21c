'use strict';
// The last step of the build: makes one file of the many that the program loads at its start, since to find, read
// and compile hundreds of modules takes longer than to poll; and keeps beside it what V8 makes of that file. Packages
// that are loaded seldom or natively stay where they are (js-yaml: by cosmiconfig's own loaders, which are replaced).
// The notices of what is bundled go along.
const { execFile } = require('node:child_process');
const { readFileSync, writeFileSync, existsSync, readdirSync, mkdtempSync, rmSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join, relative, sep } = require('node:path');
const { promisify } = require('node:util');
const { build } = require('esbuild');
const { codeCache, compile, program } = require('./code.js');

const root = join(__dirname, '..');
const dist = join(root, 'dist');
const SQLITE = '@photostructure/sqlite';
const external = [
  'imapflow',
  'js-yaml',
  'mailparser',
  'node-cron',
  'nodemailer',
  'pino',
  'pino-pretty',
  'typescript',
];

/** The package finds its native part from where it is. To load it as it is installed, in four files, takes 8 ms more. */
const sqliteInside = {
  name: 'sqlite-inside',
  setup({ onLoad, onResolve }) {
    const path = require.resolve(SQLITE);
    onResolve({ filter: new RegExp(`^${SQLITE}$`) }, () => ({ path }));
    onLoad({ filter: /[\\/]sqlite[\\/]dist[\\/]index\.cjs$/ }, () => {
      const place = `require('node:path').dirname(require.resolve(['${SQLITE}'][0]))`;
      const text = readFileSync(path, 'utf8');
      const parts = text.split('return __dirname;');
      if (parts.length !== 2) throw new Error(`${path} finds its native part in another way than before`);
      return { contents: parts.join(`return ${place};`) };
    });
  },
};

/** Files that stand beside a module are found from where it was before. */
const keepPlaces = {
  name: 'keep-places',
  setup({ onLoad }) {
    onLoad({ filter: /dist[\\/].*\.js$/ }, ({ path }) => {
      if (!path.startsWith(dist + sep)) return undefined;
      const text = readFileSync(path, 'utf8');
      const place = relative(join(dist, 'cli'), path).replaceAll(sep, '/');
      const itself = `require('node:url').pathToFileURL(require('node:path').join(__dirname, '${place}')).href`;
      return { contents: text.replaceAll('import.meta.url', itself) };
    });
  },
};

/** To load it takes 5 ms, and most polls start no program. */
const childProcessLater = {
  name: 'child-process-later',
  setup({ onLoad, onResolve }) {
    onResolve({ filter: /^node:child_process$/ }, ({ namespace, path }) =>
      namespace === 'later' ? { path, external: true } : { path, namespace: 'later' },
    );
    onLoad({ filter: /.*/, namespace: 'later' }, ({ path }) => ({
      contents: `export const spawn = (...all) => require('${path}').spawn(...all);`,
    }));
  },
};

/** cosmiconfig asks this for a place that is never searched; it ends the program where a user has no home folder. */
const noUsualPlaces = {
  name: 'no-usual-places',
  setup({ onLoad, onResolve }) {
    onResolve({ filter: /^env-paths$/ }, ({ path }) => ({ path, namespace: 'nowhere' }));
    onLoad({ filter: /.*/, namespace: 'nowhere' }, () => ({ contents: 'module.exports = undefined;' }));
  },
};

async function bundle() {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: ['dist/cli/main.js'],
    outfile: program,
    bundle: true,
    format: 'cjs',
    platform: 'node',
    target: 'node20.19',
    // Parts are loaded when they are wanted all the same, and by the loader that needs no modules of its own.
    supported: { 'dynamic-import': false },
    minifyWhitespace: true,
    minifySyntax: true,
    // What a module is given, as Node's own loader does it; around the text later, it would be copied as a whole.
    banner: { js: '(function (exports, require, module, __filename, __dirname) {' },
    footer: { js: '})' },
    legalComments: 'none',
    metafile: true,
    logLevel: 'warning',
    external,
    plugins: [keepPlaces, childProcessLater, noUsualPlaces, sqliteInside],
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

/** Lets the program poll once, in a process of its own, and keeps what V8 has made of it then. */
async function keepCode() {
  const { createServer } = await import('../dist/pop3-server/index.js');
  const folder = mkdtempSync(join(tmpdir(), 'mailferry-build-'));
  const users = { me: { password: 'secret', messages: ['Subject: one\r\n\r\nText\r\n'] } };
  const server = await createServer({ users });
  try {
    const me = { host: '127.0.0.1', port: server.address.port, tls: 'none', user: 'me', password: 'secret' };
    const account = { ...me, delete: 'after-delivery', deliver: { type: 'maildir', path: './Mail' } };
    const configuration = join(folder, 'mailferry.json');
    const settings = { stateDir: './state', accounts: { me: account } };
    writeFileSync(configuration, JSON.stringify(settings), { mode: 0o600 });
    await promisify(execFile)(process.execPath, [__filename, '--config', configuration, 'fetch']);
  } finally {
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function runAndKeep() {
  const { run, script } = compile();
  process.once('exit', () => {
    // The program keeps for its user what it writes; this is for all.
    process.umask(0o022);
    writeFileSync(codeCache, script.createCachedData());
  });
  run();
}

async function main() {
  if (!existsSync(join(dist, 'cli/main.js'))) throw new Error('dist is not there: run npm run build');
  await bundle();
  await keepCode();
}

if (process.argv.length > 2) {
  runAndKeep();
} else {
  main().catch((error) => {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  });
}
