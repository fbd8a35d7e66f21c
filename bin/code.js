'use strict';
const { closeSync, fstatSync, openSync, readSync } = require('node:fs');
const { createRequire } = require('node:module');
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
  if (process.versions.v8.startsWith('11.3.')) setFlagsFromString('--interrupt-budget=500000');
  // The bundler writes ASCII only, and this spares the decoding of a megabyte. What was read of the one file is read over
  // with the other: on many a virtual machine memory that is touched for the first time costs more than the reading.
  const octets = read(program);
  const source = octets.latin1Slice();
  const script = new Script(source, { filename: program, cachedData: readIfThere(codeCache, octets.buffer) });
  const run = () => {
    const module = { exports: {} };
    script.runInThisContext()(module.exports, createRequire(program), module, program, dirname(program));
  };
  return { run, script };
}

/** A file as a whole, in `room` if it is large enough. */
function read(path, room) {
  const file = openSync(path);
  try {
    const { size } = fstatSync(file);
    const fits = room !== undefined && size <= room.byteLength;
    const octets = fits ? Buffer.from(room, 0, size) : Buffer.allocUnsafeSlow(size);
    for (let done = 0; done < size; ) {
      const more = readSync(file, octets, done, size - done, null);
      if (more === 0) return octets.subarray(0, done);
      done += more;
    }
    return octets;
  } finally {
    closeSync(file);
  }
}

function readIfThere(path, room) {
  try {
    return read(path, room);
  } catch {
    return undefined;
  }
}

module.exports = { codeCache, compile, program };
