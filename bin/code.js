'use strict';
const { readFileSync } = require('node:fs');
const { createRequire, wrap } = require('node:module');
const { dirname, join } = require('node:path');
const { setFlagsFromString } = require('node:v8');
const { Script } = require('node:vm');

const folder = join(__dirname, '../dist/cli');
const program = join(folder, 'mailferry.cjs');
const codeCache = join(folder, 'mailferry.cache');

/**
 * The program in one file, with what V8 made of it at the build. Another version of V8 refuses that by itself, and
 * compiles the file again; all else is the same.
 */
function compile() {
  // What a poll does in a second or two is over before V8 has optimised it; so that begins later. Measured with this V8.
  if (process.versions.v8.startsWith('11.3.')) setFlagsFromString('--interrupt-budget=4000000');
  const cachedData = read(codeCache);
  // The bundler writes ASCII only, and this spares the decoding of a megabyte.
  const script = new Script(wrap(readFileSync(program, 'latin1')), { filename: program, cachedData });
  const run = () => {
    const module = { exports: {} };
    script.runInThisContext()(module.exports, createRequire(program), module, program, dirname(program));
  };
  return { run, script };
}

function read(path) {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}

module.exports = { codeCache, compile, program };
