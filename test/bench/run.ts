// Runs Mailferry and the programs it replaces through the same work, and prints what each of them took.
//   npm run bench [-- --quick] [-- --fast] [-- --only a,c] [-- --rounds N] [-- --json FILE]
// --quick takes small maildrops; --fast leaves out the peers that need minutes.
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT } from './compile.ts';
import { play, type Result } from './play.ts';
import { type Scenario, scenarios } from './scenarios.ts';
import { Wire } from './wire.ts';

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    fast: { type: 'boolean', default: false },
    only: { type: 'string' },
    rounds: { type: 'string' },
    json: { type: 'string', default: join(ROOT, 'bench.json') },
  },
});

/** Mail on the server is in memory, so that its disk is nobody's time; what is delivered is on a real disk. */
const disk = mkdtempSync(join(tmpdir(), 'mailferry-bench-'));
const memory = mkdtempSync('/dev/shm/mailferry-bench-');
process.env['TMPDIR'] = memory;
chmodSync(memory, 0o755);

try {
  await using wire = process.getuid?.() === 0 ? await Wire.open() : undefined;
  const wanted = values.only?.split(',');
  const rounds = Number(values.rounds ?? (values.quick ? 1 : 3));
  const chosen = scenarios(values.quick, rounds).filter(
    ({ name }) => wanted === undefined || wanted.some((one) => name === one || name.startsWith(one)),
  );
  const all: { scenario: Scenario; results: Result[] }[] = [];
  for (const scenario of chosen) {
    if (scenario.roundTrip > 0 && wire === undefined) {
      say(`\n${scenario.name}: left out; a wire with a delay needs root.`);
      continue;
    }
    const results = await play(scenario, { slowPeers: !values.quick && !values.fast, memory, disk, wire });
    all.push({ scenario, results });
    print(scenario, results);
  }
  const machine = { cpu: cpus()[0]?.model, cores: cpus().length, kernel: release(), node: process.version };
  writeFileSync(
    values.json,
    `${JSON.stringify({ at: new Date().toISOString(), machine, all }, undefined, 1)}\n`,
  );
  say(`\nWritten to ${values.json}`);
} finally {
  for (const folder of [disk, memory]) rmSync(folder, { recursive: true, force: true });
}

function print({ name, title, accounts, messages }: Scenario, results: readonly Result[]): void {
  say(`\n${name}: ${title} (${accounts} × ${messages})`);
  const [ours] = results;
  say('              seconds   ratio    CPU s   ratio   RSS MB     octets   fsyncs   poll s');
  for (const result of results) {
    const { program, seconds, cpu, residentMb, octets, fsyncs, pollSeconds, complaint } = result;
    say(
      [
        program.padEnd(12),
        seconds.toFixed(2).padStart(9),
        ratio(ours?.seconds ?? 0, seconds).padStart(8),
        cpu.toFixed(2).padStart(9),
        ratio(ours?.cpu ?? 0, cpu).padStart(8),
        residentMb.toFixed(0).padStart(9),
        String(octets ?? '').padStart(11),
        String(fsyncs ?? '').padStart(9),
        (pollSeconds?.toFixed(3) ?? '').padStart(9),
        complaint === undefined ? '' : `  ${complaint}`,
      ].join(''),
    );
  }
}

/** Times below what `time` can tell count as half of its unit. */
function ratio(own: number, other: number): string {
  return (own / Math.max(other, 0.005)).toFixed(2);
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
