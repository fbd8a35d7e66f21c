import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { authority, certificate } from '../support/certificates.ts';
import { type Dovecot, startDovecot } from '../support/dovecot.ts';
import { MaildropContents } from './maildrops.ts';
import { maildirOf, PASSWORD, PROGRAMS, type Program, type Work } from './programs.ts';
import { runMeasured, type Taken, verifyMaildir } from './run-program.ts';
import type { Scenario } from './scenarios.ts';
import { NEAR_ADDRESS, type Wire } from './wire.ts';

/** The runs of one program in one scenario; medians. */
export interface Result {
  readonly program: string;
  readonly seconds: number;
  readonly cpu: number;
  readonly residentMb: number;
  /** Of the protocol, both directions; undefined on the loopback. */
  readonly octets: number | undefined;
  /** Counted on the slow disk only. */
  readonly fsyncs: number | undefined;
  /** From the first to the last step of the poll, where the program tells. */
  readonly pollSeconds: number | undefined;
  readonly runs: number;
  /** What was not as it should be. */
  readonly complaint: string | undefined;
}

interface Stage {
  readonly scenario: Scenario;
  readonly server: Dovecot;
  readonly users: readonly string[];
  readonly contents: MaildropContents;
  readonly wire: Wire | undefined;
  readonly tls: { readonly caFile: string } | undefined;
  /** On the disk that is measured. */
  readonly folder: string;
}

/** Plays a scenario: the programs in turn, so that what disturbs the machine disturbs all of them. */
export async function play(
  scenario: Scenario,
  {
    slowPeers,
    memory,
    disk,
    wire,
  }: { slowPeers: boolean; memory: string; disk: string; wire: Wire | undefined },
): Promise<Result[]> {
  const names = ['mailferry', ...scenario.peers, ...(slowPeers ? (scenario.slowPeers ?? []) : [])];
  const programs = PROGRAMS.filter(({ name }) => names.includes(name));
  const own = mkdtempSync(join(memory, 'contents-'));
  const folder = mkdtempSync(join(disk, `${scenario.name}-`));
  const { messages: count, mix, roundTrip } = scenario;
  const distinct = scenario.seen === true ? 1000 : count;
  const contents = new MaildropContents(join(own, 'mail'), {
    count,
    mix,
    distinct: Math.min(count, distinct),
  });
  const users = Array.from({ length: scenario.accounts }, (_, index) => `u${index}`);
  const secured = scenario.tls === true;
  if (secured) writeFileSync(join(own, 'ca.pem'), authority().cert);
  try {
    await using server = await startDovecot({
      users: Object.fromEntries(users.map((user) => [user, { password: PASSWORD }])),
      ...(secured ? { tls: certificate() } : {}),
      busy: { listen: wire === undefined ? [] : [NEAR_ADDRESS] },
    });
    const tls = secured ? { caFile: join(own, 'ca.pem') } : undefined;
    const far = roundTrip > 0 ? wire : undefined;
    const stage: Stage = { scenario, server, users, contents, wire: far, tls, folder };
    const runs = new Map<Program, Run[]>(programs.map((program) => [program, []]));
    for (let round = 0; round < scenario.rounds; round += 1) {
      // In both directions, since what one program leaves behind in the server helps or hampers the next.
      const inTurn = round % 2 === 0 ? programs : programs.toReversed();
      for (const program of inTurn) runs.get(program)?.push(await runOnce(program, stage, round));
    }
    return programs.map((program) => summary(program.name, runs.get(program) ?? []));
  } finally {
    rmSync(own, { recursive: true, force: true });
  }
}

interface Run extends Taken {
  readonly octets: number | undefined;
  readonly pollSeconds: number | undefined;
  readonly complaint: string | undefined;
}

const primed = new Map<string, Work>();
const filled = new Set<string>();

async function runOnce(program: Program, stage: Stage, round: number): Promise<Run> {
  const { scenario, wire, server } = stage;
  const key = `${scenario.name} ${program.name}`;
  const earlier = primed.get(key);
  const work = earlier ?? makeWork(program, stage, round);
  const command = program.command(work);
  const where = { folder: work.folder, prefix: wire?.prefix ?? [], fsyncDelay: 0 };
  // Filled a second time it would be another maildrop, in which nothing was seen.
  if (scenario.seen !== true || !filled.has(scenario.name)) fillMaildrops(stage);
  filled.add(scenario.name);
  if (scenario.seen === true && earlier === undefined) {
    await wire?.setRoundTrip(0);
    const { status, stderr } = await runMeasured(
      scenario.adopted === true ? adopting(command, stage.users) : command,
      where,
    );
    if (status !== 0) throw new Error(`${key}: ended with ${status}: ${stderr}`);
    primed.set(key, work);
  }
  const before = await wire?.setRoundTrip(scenario.roundTrip);
  execFileSync('sync');
  const taken = await runMeasured(command, { ...where, fsyncDelay: scenario.fsyncDelay ?? 0 });
  const after = await wire?.setRoundTrip(0);
  const octets = after === undefined || before === undefined ? undefined : after - before;
  const complaint = await complaintOf(program, work, stage, taken);
  const left = scenario.seen === true ? 0 : await leftOnServer(server, stage.users);
  return {
    ...taken,
    octets,
    pollSeconds: scenario.accounts === 1 ? ownTime(program, taken) : undefined,
    complaint: complaint ?? (left > 0 ? `${left} left on the server` : undefined),
  };
}

function adopting(command: readonly string[], users: readonly string[]): readonly string[] {
  return [...command.slice(0, command.indexOf('fetch')), 'adopt', ...users];
}

function makeWork(
  program: Program,
  { scenario, server, users, wire, tls, folder }: Stage,
  round: number,
): Work {
  const own = join(folder, `${program.name}-${round}`);
  mkdirSync(own, { recursive: true });
  const host = wire === undefined ? server.host : NEAR_ADDRESS;
  const port = tls === undefined ? server.ports.plain : server.ports.tls;
  return { folder: own, host, port, tls, users, keep: scenario.seen === true };
}

function fillMaildrops({ server, users, contents }: Stage): void {
  for (const user of users) contents.fill(server.maildropFolder(user));
}

async function complaintOf(
  program: Program,
  work: Work,
  { users, contents, scenario }: Stage,
  { status, stderr, stdout }: Taken,
): Promise<string | undefined> {
  // fetchmail says 1 for "no mail".
  const fine = status === 0 || (program.name === 'fetchmail' && status === 1);
  if (!fine) return `ended with ${status}: ${(stdout + stderr).trim().split('\n').at(-1)}`;
  if (scenario.seen === true) return undefined;
  let equal = 0;
  let files = 0;
  for (const user of users) {
    const found = await verifyMaildir(maildirOf(work, user), contents.hashes);
    equal += found.equal;
    files += found.files;
  }
  const expected = contents.count * users.length;
  if (files !== expected) return `${files} messages, not ${expected}`;
  if (equal === expected) return undefined;
  return `${expected - equal} messages altered${program.faithful ? '!' : ''}`;
}

async function leftOnServer(server: Dovecot, users: readonly string[]): Promise<number> {
  let left = 0;
  for (const user of users) {
    const path = server.maildropFolder(user);
    left += readdirSync(join(path, 'new')).length + readdirSync(join(path, 'cur')).length;
  }
  return left;
}

function ownTime({ name }: Program, { stdout }: Taken): number | undefined {
  if (name !== 'mailferry') return undefined;
  const [line = ''] = stdout.split('\n');
  return line === '' ? undefined : (JSON.parse(line) as { durationMs: number }).durationMs / 1000;
}

function summary(program: string, runs: readonly Run[]): Result {
  const middle = (of: (run: Run) => number | undefined): number | undefined =>
    median(runs.map(of).filter((value) => value !== undefined));
  return {
    program,
    seconds: middle(({ seconds }) => seconds) ?? 0,
    cpu: middle(({ cpu }) => cpu) ?? 0,
    residentMb: Math.max(...runs.map(({ residentMb }) => residentMb)),
    octets: middle(({ octets }) => octets),
    fsyncs: middle(({ fsyncs }) => (fsyncs > 0 ? fsyncs : undefined)),
    pollSeconds: middle(({ pollSeconds }) => pollSeconds),
    runs: runs.length,
    complaint: runs.find(({ complaint }) => complaint !== undefined)?.complaint,
  };
}

function median(values: readonly number[]): number | undefined {
  return [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) / 2)];
}
