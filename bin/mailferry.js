#!/usr/bin/env node
'use strict';
const { existsSync } = require('node:fs');
const { join } = require('node:path');
const { pathToFileURL } = require('node:url');

// Each message being delivered waits for an fsync in a thread of its own, and a slow disk does many of them at a
// time. Node reads this when the first thread is wanted, which an ES module would be too late for.
process.env.UV_THREADPOOL_SIZE ??= '32';

const main = join(__dirname, '../dist/cli/main.js');
if (existsSync(main)) {
  void import(pathToFileURL(main).href);
} else {
  process.stderr.write('mailferry: this clone is not built yet. Run: node bin/ready.js\n');
  process.exitCode = 70;
}
