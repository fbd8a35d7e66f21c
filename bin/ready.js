#!/usr/bin/env node
// Makes a clone ready to run: installs the locked dependencies and builds dist/, each only when it is missing
// or older than what it is made from. Needs nothing but Node and npm, so it can be the first thing ever run.
'use strict';
const { spawnSync } = require('node:child_process');
const { existsSync, readdirSync, statSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');

const root = join(__dirname, '..');
const installed = join(root, 'node_modules', '.package-lock.json');
const built = join(root, 'dist', '.built');

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  process.stderr.write(`Mailferry needs Node 20.19 or newer; this is ${process.versions.node}.\n`);
  process.exit(78);
}

if (modifiedAt(installed) < modifiedAt(join(root, 'package-lock.json'))) {
  step('Installing dependencies', ['ci', '--ignore-scripts', '--no-audit', '--no-fund']);
}
if (modifiedAt(built) < newestIn(join(root, 'src'))) {
  step('Building', ['run', '--silent', 'build']);
  writeFileSync(built, '');
}

function step(title, npmArguments) {
  process.stderr.write(`${title} …\n`);
  const npm = spawnSync('npm', npmArguments, {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    encoding: 'utf8',
  });
  if (npm.status === 0) return;
  process.stderr.write(`${npm.stdout ?? ''}${npm.stderr ?? ''}${npm.error ?? ''}\n`);
  process.stderr.write(`\nThat failed. To see it again: npm ${npmArguments.join(' ')}\n`);
  process.exit(70);
}

function modifiedAt(file) {
  return existsSync(file) ? statSync(file).mtimeMs : 0;
}

function newestIn(folder) {
  const own = [join(root, 'tsconfig.json'), join(root, 'tsconfig.build.json'), join(root, 'package.json')];
  const files = readdirSync(folder, { recursive: true }).map((name) => join(folder, String(name)));
  return Math.max(...[...own, ...files].map(modifiedAt));
}
