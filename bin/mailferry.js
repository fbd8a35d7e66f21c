#!/usr/bin/env node
'use strict';
const { existsSync } = require('node:fs');
const { compile, program } = require('./code.js');

// Each message being delivered waits for an fsync in a thread of its own, and a slow disk does many of them at a
// time. Node reads this when the first thread is wanted.
process.env.UV_THREADPOOL_SIZE ??= '32';

if (existsSync(program)) {
  compile().run();
} else {
  process.stderr.write('mailferry: this clone is not built yet. Run: node bin/ready.js\n');
  process.exitCode = 70;
}
