import { readFile, writeFile } from 'node:fs/promises';
import { statusOfReport } from '../../../src/cli/words/poll-report.ts';
import type { PollReport } from '../../../src/poll/report.ts';
import { authority } from '../../support/certificates.ts';
import { startProgram, writeConfiguration } from '../../support/program.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { pollInProcess } from '../in-process.ts';
import { asStored } from '../mail.ts';
import { MAILDIR, readMaildir, whatIsWrong } from '../stored.ts';
import { host, type Outcome, PASSWORD, type Scenario } from './scenario.ts';

/** What a scenario came to. */
export interface Played {
  readonly outcome: Required<Outcome>;
  readonly gotPassword: boolean;
  /** What should never be, whatever the server does. */
  readonly wrong: readonly string[];
}

const MIB = 1024 * 1024;

/** In MiB: flat whatever the server sends (I7), and V8 takes most of it. */
const MOST_MEMORY = 300;

/** Polls that a good server is given to make up for a bad one. */
const PATIENCE = 6;

/** Polls the bad server once, by the program or in this process, then the good one until all is done. */
export async function play(scenario: Scenario, byProgram: boolean): Promise<Played> {
  await using folder = await temporaryFolder();
  await using hosted = await host(scenario);
  await writeFile(folder.at('ca.pem'), authority().cert);
  const account = { password: PASSWORD, ...scenario.account };
  const badPort = hosted.port;
  if (scenario.yesterday === true) {
    await writeConfiguration(folder.path, { ...account, port: badPort, delete: 'never' });
    await pollInProcess(folder.path, -24);
  }
  await writeConfiguration(folder.path, { ...account, port: badPort });
  hosted.misbehave();
  for (let times = 1; times < (scenario.insist ?? 1); times += 1) await pollInProcess(folder.path);
  const { status, report, printed, memory } = await (byProgram ? runOnce : pollOnce)(folder.path);
  const expected = hosted.messages.map((text) => asStored(Buffer.from(text)));
  const stored = await readMaildir(folder.at('Mail'));
  const wrong = stored.filter((text) => !expected.includes(text)).map((text) => `half or foreign: ${text}`);
  if (memory > (scenario.memory ?? MOST_MEMORY) * MIB)
    wrong.push(`${Math.round(memory / MIB)} MiB of memory`);
  wrong.push(...[...printed.matchAll(UNPRINTABLE)].map(([text]) => `printed raw: ${JSON.stringify(text)}`));
  if (printed.includes(PASSWORD)) wrong.push('the password was printed');
  const gotPassword = hosted.hasPassword();
  const left = hosted.left();

  hosted.heal();
  await writeConfiguration(folder.path, { ...account, port: hosted.port });
  let polls = 0;
  // A message that failed too often is tried again after a day.
  const hours = scenario.insist === undefined ? 0 : 25;
  for (let done = false; !done && polls < PATIENCE; polls += 1) {
    done = (await pollInProcess(folder.path, hours)).outcome === 'ok' && hosted.left() === 0;
  }
  if (hosted.left() > 0) wrong.push(`${hosted.left()} messages left on the good server`);
  wrong.push(
    ...(await whatIsWrong(
      folder.path,
      MAILDIR,
      hosted.messages.map((text) => Buffer.from(text)),
    )),
  );
  const { error } = report;
  const says = error === null ? null : withoutChance(error.message, badPort);
  const outcome = { status, code: error?.code ?? null, says, stored: stored.length, left, polls };
  return { outcome, gotPassword, wrong };
}

/** All but what a terminal shows as it is, and the line ends of our own. */
// oxlint-disable-next-line no-control-regex -- they are what is looked for
const UNPRINTABLE = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]+/g;

/** What is said, without what differs from run to run. */
function withoutChance(message: string, port: number): string {
  return message
    .replaceAll('127.0.0.1', 'HOST')
    .replaceAll(String(port), 'PORT')
    .replace(/(?<=marking message )\d+/, 'N')
    .replace(/ \((?:the other side has closed the connection|connection reset by the other side)\)/, '');
}

interface Polled {
  readonly status: number | null;
  readonly report: PollReport;
  /** All that a person or a log gets to see. */
  readonly printed: string;
  /** The most that it took, in octets; 0 where nobody knows. */
  readonly memory: number;
}

async function runOnce(folder: string): Promise<Polled> {
  const { process: child, ended } = startProgram(['fetch', '--json'], { cwd: folder });
  let memory = 0;
  const look = setInterval(() => void peakOf(child.pid).then((octets) => (memory = octets)), 100);
  const { status, stdout, stderr } = await ended;
  clearInterval(look);
  return { status, report: JSON.parse(stdout) as PollReport, printed: stdout + stderr, memory };
}

async function pollOnce(folder: string): Promise<Polled> {
  const notices: string[] = [];
  const report = await pollInProcess(folder, 0, { noticed: (_, notice) => void notices.push(notice) });
  const printed = [...notices, JSON.stringify(report)].join('\n');
  return { status: statusOfReport(report), report, printed, memory: 0 };
}

async function peakOf(pid: number | undefined): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'latin1').catch(() => '');
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024;
}
