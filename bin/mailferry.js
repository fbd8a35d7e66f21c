#!/usr/bin/env node
import { existsSync } from 'node:fs';

const main = new URL('../dist/cli/main.js', import.meta.url);
if (!existsSync(main)) {
  process.stderr.write('mailferry: this clone is not built yet. Run: node bin/ready.js\n');
  process.exit(70);
}
await import(main);
