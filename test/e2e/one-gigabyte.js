// Carries one message of 1 GB through the included server into a Maildir, and says how much memory it took. Not a
// part of `npm test`, since it needs 2 GB of disk; run it with: npm run test:1gb [-- megabytes]
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  createReadStream,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const LIMIT_MB = 150;
const megabytes = Number(process.argv[2] ?? 1000);
const program = join(dirname(fileURLToPath(import.meta.url)), '../../bin/mailferry.js');
const folder = mkdtempSync(join(process.env.TMPDIR ?? tmpdir(), 'mailferry-1gb-'));

try {
  const sent = await writeMessage(join(folder, 'drops/me'));
  const server = start([
    'serve',
    '--listen',
    '127.0.0.1:0',
    '--maildrops',
    join(folder, 'drops'),
    '--user',
    'me:pw',
  ]);
  const { port } = JSON.parse(await server.firstLine).pop3;
  const config = join(folder, 'mailferry.yaml');
  writeFileSync(
    config,
    `{stateDir: ./state, accounts: {me: {host: 127.0.0.1, port: ${port}, tls: none, user: me, password: pw,
      deliver: {type: maildir, path: ./Mail}, delete: after-delivery}}}`,
    { mode: 0o600 },
  );
  const begun = performance.now();
  const fetch = start(['--config', config, 'fetch', '--no-progress']);
  const status = await fetch.ended;
  const seconds = (performance.now() - begun) / 1000;
  server.child.kill();
  const [name] = readdirSync(join(folder, 'Mail/new'));
  const equal = name !== undefined && (await hashOf(join(folder, 'Mail/new', name))) === sent;
  const left = readdirSync(join(folder, 'drops/me')).length;
  const peak = Math.round(fetch.peakKb() / 1024);
  console.log(
    `${megabytes} MB in ${seconds.toFixed(1)} s, exit ${status}, peak resident set ${peak} MB (limit ${LIMIT_MB})`,
  );
  console.log(`every octet equal: ${equal}; left on the server: ${left}`);
  process.exitCode = status === 0 && equal && left === 0 && peak < LIMIT_MB ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** A message of so many megabytes with LF line ends; returns its hash, which the Maildir's file must have too. */
async function writeMessage(drop) {
  mkdirSync(drop, { recursive: true });
  const file = await open(join(drop, '1.eml'), 'w');
  const hash = createHash('sha256');
  const block = Buffer.from(
    '.leading dots and 72 octets of text, as they are in a base64 attachment\n'.repeat(14_000),
  );
  let left = megabytes * 1_000_000;
  for (
    let piece = Buffer.from('Subject: large\n\n');
    left > 0;
    piece = block.subarray(0, Math.floor(left / 72) * 72)
  ) {
    if (piece.length === 0) break;
    hash.update(piece);
    await file.write(piece);
    left -= piece.length;
  }
  await file.close();
  return hash.digest('hex');
}

function start(words) {
  const child = spawn(process.execPath, [program, ...words], { stdio: ['ignore', 'pipe', 'inherit'] });
  let peak = 0;
  const sample = setInterval(() => {
    try {
      peak = Math.max(
        peak,
        Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1] ?? 0),
      );
    } catch {
      // The process has just ended.
    }
  }, 20);
  return {
    child,
    peakKb: () => peak,
    firstLine: new Promise((resolve) => child.stdout.once('data', (data) => resolve(String(data)))),
    ended: new Promise((resolve) => {
      child.on('exit', (status) => {
        clearInterval(sample);
        resolve(status);
      });
    }),
  };
}

async function hashOf(path) {
  const hash = createHash('sha256');
  for await (const block of createReadStream(path)) hash.update(block);
  return hash.digest('hex');
}
