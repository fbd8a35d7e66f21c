import { chmodSync, chownSync, existsSync, lchownSync, rmSync, symlinkSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Configuration } from '../../src/config/configuration.ts';
import { type LoadOptions, loadConfiguration, loadControlSocket } from '../../src/config/load.ts';
import { SMALLEST_CONFIGURATION } from '../../src/config/smallest.ts';
import { account, temporaryFolder, write } from './fixtures.ts';

const UID = process.getuid?.() ?? 0;
const TEXT = account();

let root: string;
let before: string;

beforeEach(() => {
  before = process.cwd();
});

afterEach(() => {
  process.chdir(before);
});

function load(changes: Partial<LoadOptions> = {}): Promise<Configuration> {
  return loadConfiguration({ env: {}, cwd: `${root}/cwd`, home: `${root}/home`, uid: UID, ...changes });
}

function prepare(): void {
  root = temporaryFolder();
  write(`${root}/cwd/.keep`, '');
  write(`${root}/home/.keep`, '');
}

describe('loadConfiguration', () => {
  it('takes the first that is there, by name, then by environment, then by place', async () => {
    prepare();
    const named = write(`${root}/named.conf`, TEXT);
    const env = { MAILFERRY_CONFIG: write(`${root}/home/env.yaml`, TEXT), XDG_CONFIG_HOME: `${root}/xdg` };
    const places = [
      'cwd/mailferry.yaml',
      'cwd/mailferry.yml',
      'cwd/mailferry.json',
      'xdg/mailferry/config.yaml',
    ];
    for (const place of places) write(`${root}/${place}`, TEXT);

    expect((await load({ path: '../named.conf', env })).path).toBe(named);
    expect((await load({ env: { ...env, MAILFERRY_CONFIG: '~/env.yaml' } })).path).toBe(
      `${root}/home/env.yaml`,
    );
    for (const place of places) {
      expect((await load({ env: { ...env, MAILFERRY_CONFIG: '' } })).path).toBe(`${root}/${place}`);
      rmSync(`${root}/${place}`);
    }
  });

  it('shows a first configuration where there is none', async () => {
    prepare();
    const message =
      /^There is no configuration: .*\/cwd\/mailferry\.yaml, .*\/home\/\.config\/mailferry\/config\.yaml, \/etc\//;
    await expect(load()).rejects.toMatchObject({
      code: 'config',
      message: expect.stringMatching(message),
      hint: `\`mailferry init\` asks for a mail address and makes one. Or write this to ${root}/home/.config/mailferry/config.yaml, with your own names, and run \`mailferry check\`:\n\n${SMALLEST_CONFIGURATION}`,
    });
  });

  it.each([
    [
      'home/.config/mailferry/config.yml',
      /^There is .*\/config\.yml, but .* Call it \S+\/config\.yaml, or name it: --config \S+\/config\.yml$/,
    ],
    ['home/.config/mailferry/mailferry.yaml', /Call it \S+\/\.config\/mailferry\/config\.yaml, or name it/],
    ['home/.config/mailferry/config.toml', /config\.toml, but .* Write it in YAML as \S+\/config\.yaml$/],
    ['cwd/mailferry.toml', /mailferry\.toml, but .* Write it in YAML as \S+\/cwd\/mailferry\.yaml$/],
    ['cwd/mailferry.config.js', /Write it in YAML as \S+\/cwd\/mailferry\.yaml$/],
  ])('where there is none, names %s, which somebody may take for one', async (place, hint) => {
    prepare();
    write(`${root}/${place}`, TEXT);
    await expect(load()).rejects.toMatchObject({
      code: 'config',
      message: expect.stringMatching(/^There is no configuration: /),
      hint: expect.stringMatching(hint),
    });
  });

  it('says of TOML that it is neither YAML nor JSON', async () => {
    prepare();
    const path = write(`${root}/cwd/mailferry.toml`, '[accounts.home]\nhost = "x"\n');
    await expect(load({ path })).rejects.toMatchObject({
      code: 'config',
      message: `The configuration ${path} is in TOML; it must be in YAML or JSON.`,
      hint: 'Write it as mailferry.yaml.',
    });
  });

  it.each([
    ['missing.yaml', 'there is no such file'],
    ['.', 'it is a folder'],
    ['/dev/null', 'it is not a regular file'],
  ])('says why it cannot read %s, and looks no further', async (path, reason) => {
    prepare();
    write(`${root}/cwd/mailferry.yaml`, TEXT);
    await expect(load({ path })).rejects.toMatchObject({
      code: 'config',
      message: expect.stringContaining(`: ${reason}.`),
    });
  });

  it('says what is wrong in the file, also in an empty one', async () => {
    prepare();
    const path = write(`${root}/cwd/mailferry.yaml`, ' \n');
    await expect(load()).rejects.toMatchObject({
      message: `${path}:1:1: expected a mapping with the key "accounts", found nothing`,
    });
  });

  it('accepts a plain-text password only from a file that is private or a mounted secret', async () => {
    prepare();
    const path = write(`${root}/cwd/mailferry.yaml`, account({ password: 'hunter2' }));
    await expect(load()).resolves.toBeDefined();
    for (const mode of [0o640, 0o604, 0o644]) {
      chmodSync(path, mode);
      await expect(load()).rejects.toMatchObject({ message: expect.stringContaining(`chmod 600 ${path}`) });
      await expect(load({ env: { CREDENTIALS_DIRECTORY: `${root}/cwd` } })).resolves.toBeDefined();
    }
  });

  it('does not mind an open file without a password in it', async () => {
    prepare();
    write(`${root}/cwd/mailferry.yaml`, TEXT, 0o644);
    await expect(load()).resolves.toBeDefined();
  });
});

describe('the current folder', () => {
  const marks = (): string => `require('node:fs').writeFileSync(${JSON.stringify(`${root}/ran`)}, 'x')`;

  it('cannot run code, redirect or break the search by the files in it', async () => {
    prepare();
    const configured = write(`${root}/cwd/mailferry.yaml`, TEXT);
    for (const name of [
      '.config/config.js',
      '.config/config.cjs',
      'mailferry.config.js',
      'mailferry.config.cjs',
    ]) {
      write(`${root}/cwd/${name}`, `${marks()}; module.exports = {};`);
    }
    write(
      `${root}/cwd/.config/config.mjs`,
      `import fs from 'node:fs'; fs.writeFileSync('${root}/ran', 'x');`,
    );
    write(`${root}/cwd/.mailferryrc.js`, marks());
    write(`${root}/cwd/package.json`, '{ "cosmiconfig": { "searchPlaces": ["evil.yaml"] }, "mailferry": {');
    write(
      `${root}/cwd/.config/config.json`,
      '{ "cosmiconfig": { "searchPlaces": ["evil.yaml"], "mergeSearchPlaces": false } }',
    );
    write(`${root}/cwd/evil.yaml`, account({ host: 'evil.example' }));
    process.chdir(`${root}/cwd`);

    const configuration = await load();
    expect(configuration).toMatchObject({
      path: configured,
      accounts: [{ account: { host: 'pop.example.org' } }],
    });
    expect(existsSync(`${root}/ran`)).toBe(false);
    expect(process.cwd()).toBe(`${root}/cwd`);
  });

  it('cannot make a named configuration run code either', async () => {
    prepare();
    write(`${root}/cwd/.config/config.js`, marks());
    process.chdir(`${root}/cwd`);
    for (const extension of ['js', 'cjs', 'mjs', 'ts']) {
      const path = write(`${root}/named.${extension}`, marks());
      await expect(load({ path })).rejects.toMatchObject({
        message: expect.stringContaining('is a program'),
      });
    }
    write(`${root}/imported.js`, marks());
    const path = write(`${root}/importing.yaml`, `$import: ./imported.js\n${TEXT}`);
    await expect(load({ path })).rejects.toMatchObject({
      message: expect.stringContaining('unknown key "$import"'),
    });
    expect(existsSync(`${root}/ran`)).toBe(false);
  });

  it('is not believed where another user could have put the file', async () => {
    prepare();
    const stranger = UID + 4242;
    const path = write(`${root}/cwd/mailferry.yaml`, TEXT);
    const refusal = {
      code: 'config',
      message: expect.stringContaining('belongs to another user'),
      hint: expect.stringContaining(`--config ${path}`),
    };
    // Only root can give a file away; for others it is the reader that changes.
    if (UID === 0) chownSync(path, stranger, stranger);
    await expect(load({ uid: UID === 0 ? 0 : stranger })).rejects.toMatchObject(refusal);
    await expect(load({ path, uid: stranger })).resolves.toBeDefined();
    if (UID === 0) chownSync(path, 0, 0);
    chmodSync(path, 0o602);
    await expect(load()).rejects.toMatchObject(refusal);
    chmodSync(path, 0o600);
    await expect(load()).resolves.toBeDefined();
  });

  it.runIf(UID === 0)('is not believed for a link of another user', async () => {
    prepare();
    const target = write(`${root}/target.yaml`, TEXT);
    symlinkSync(target, `${root}/cwd/mailferry.yaml`);
    await expect(load()).resolves.toBeDefined();
    lchownSync(`${root}/cwd/mailferry.yaml`, 4242, 4242);
    await expect(load()).rejects.toMatchObject({
      message: expect.stringContaining('belongs to another user'),
    });
  });
});

describe('a file that cosmiconfig would take for something else', () => {
  it.each(['package.json', 'package.yaml'])('%s is refused by name', async (name) => {
    prepare();
    const path = write(`${root}/${name}`, TEXT);
    await expect(load({ path })).rejects.toMatchObject({
      message: `A configuration cannot be called ${path}.`,
    });
  });
});

describe('loadControlSocket', () => {
  it.each([
    ['that is right', `stateDir: /s\n${TEXT}`, '/s/control/daemon.sock'],
    ['with a key that is unknown', `stateDir: /s\nhots: x\n${TEXT}`, '/s/control/daemon.sock'],
    ['with a socket of its own', 'controlSocket: ../d.sock\nhots: x', '../d.sock'],
    [
      'that is no YAML and says nothing of the place',
      'accounts: { me',
      'state/mailferry/control/daemon.sock',
    ],
    [
      'that is no YAML but for the line with the place',
      'accounts: { me\nstateDir: "/s" # here\n  x',
      '/s/control/daemon.sock',
    ],
  ])('tells where the daemon of a configuration %s is', async (_, text, expected) => {
    prepare();
    const path = write(`${root}/cwd/mailferry.yaml`, text);
    const options = { path, env: {}, cwd: `${root}/cwd`, home: `${root}/home`, uid: UID };
    const { controlSocket, faulty } = await loadControlSocket(options);
    expect(controlSocket.endsWith(expected.replace('..', root))).toBe(true);
    expect(faulty).toBe(!text.endsWith(TEXT) || text.includes('hots'));
  });

  it.each([
    ['is no YAML', 'stateDir: "/s\naccounts: { me'],
    ['says it somewhere', '{ "stateDir": "/s", accounts: { me'],
    ['has a wrong place', 'stateDir: 5'],
  ])('does not guess where the text %s', async (_, text) => {
    prepare();
    const path = write(`${root}/cwd/mailferry.yaml`, text);
    const options = { path, env: {}, cwd: `${root}/cwd`, home: `${root}/home`, uid: UID };
    await expect(loadControlSocket(options)).rejects.toMatchObject({
      code: 'config',
      hint: expect.stringMatching(/Until then it is not known where the daemon is to be asked\.$/),
    });
  });
});
