import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from '../../app.ts';
import { loadConfiguration } from '../../config/load.ts';
import { octetsText } from '../../config/size.ts';
import { CrlfToLf } from '../../message/line-endings.ts';
import { summarize } from '../../message/summary.ts';
import type { PollReport } from '../../poll/report.ts';
import { createServer, type Pop3Server } from '../../pop3-server/index.ts';
import { systemRuntime } from '../../runtime.ts';
import { countText, printable } from '../../wire/text.ts';
import type { CommandRun } from '../command.ts';
import { sampleMail } from '../demo/sample-mail.ts';
import { statusOf } from '../exit-status.ts';
import { Progress } from '../progress.ts';
import { signalControl } from '../signals.ts';
import { processTerminal, showError, type Terminal } from '../terminal.ts';
import { columnText, reportLine } from '../words/wording.ts';

/** How many of the messages are shown. */
const SHOWN = 5;

/** `mailferry demo`: the main job on the included server, and the proof that it was done. */
export const demo: CommandRun<{ readonly messages: number }> = async ({ messages }) => {
  const terminal = processTerminal();
  const mail = sampleMail(messages);
  const total = mail.reduce((sum, { length }) => sum + length, 0);
  await using server = await createServer({ users: { you: { password: 'demo', messages: mail } } });
  const { host, port } = server.address;
  terminal.out(
    `A POP3 server with ${countText(messages, 'message')} (${octetsText(total)}) listens on ${host}:${port}.`,
  );

  const folder = await mkdtemp(join(tmpdir(), 'mailferry-demo-'));
  const path = join(folder, 'mailferry.yaml');
  const text = configurationText(server);
  await writeFile(path, text, { mode: 0o600 });
  terminal.out(`\nThis is the whole configuration (${path}):\n\n${indent(text)}`);

  terminal.out('First poll:');
  const first = await pollOnce(path, terminal);
  if (first.outcome !== 'ok') return failed(terminal, first);
  const faults = await verify(mail, { maildir: join(folder, 'Mail', 'new'), server, terminal });

  terminal.out('\nSecond poll:');
  const second = await pollOnce(path, terminal);
  if (second.fetched !== 0) faults.push('The second poll delivered something again.');

  terminal.out(`\nThe mail:                   ls ${join(folder, 'Mail', 'new')}`);
  terminal.out(`When you have seen enough:  rm -r ${folder}`);
  if (faults.length === 0) terminal.out('Your own mail is next:      npx mailferry init');
  for (const fault of faults) showError(terminal, { message: fault }, 'demo:');
  return faults.length === 0 ? 0 : statusOf('internal');
};

function configurationText({ address }: Pop3Server): string {
  return `stateDir: ./state
accounts:
  demo:
    host: ${address.host}
    port: ${address.port}
    tls: none                # the server is on this very machine
    user: you
    password: demo
    deliver: { type: maildir, path: ./Mail }
    delete: after-delivery
`;
}

async function pollOnce(path: string, terminal: Terminal): Promise<PollReport> {
  const configuration = await loadConfiguration({
    path,
    env: {},
    cwd: '/',
    home: undefined,
    uid: process.getuid?.(),
  });
  const progress = new Progress(terminal, systemRuntime);
  using control = signalControl();
  using app = await App.open({ configuration, runtime: systemRuntime, observer: progress });
  const [report] = await app.poll(configuration.accounts, control);
  progress.clear();
  if (report === undefined) throw new Error('the demo has no account');
  terminal.out(`  ${reportLine(report)}`);
  return report;
}

interface Result {
  readonly maildir: string;
  readonly server: Pop3Server;
  readonly terminal: Terminal;
}

/** Compares what stands in the Maildir with what the server had, octet by octet. Returns what is wrong. */
async function verify(mail: readonly Buffer[], { maildir, server, terminal }: Result): Promise<string[]> {
  const expected = mail.map((message) => fingerprint(withLf(message))).sort();
  const names = (await readdir(maildir)).sort();
  const stored = await Promise.all(names.map((name) => readFile(join(maildir, name))));
  const equal = JSON.stringify(stored.map(fingerprint).sort()) === JSON.stringify(expected);
  const left = server.maildrop('you').messages.length;

  terminal.out('\nSome of it:');
  for (const message of stored.slice(0, SHOWN)) {
    const { from, subject } = await summarize(message);
    terminal.out(`  ${columnText(printable(from), 44)}  ${printable(subject, 40)}`);
  }
  const mark = (good: boolean): string => (good ? terminal.style('green', '✓') : terminal.style('red', '✗'));
  terminal.out(`\n${mark(stored.length === mail.length)} ${countText(stored.length, 'file')} in the Maildir`);
  terminal.out(`${mark(equal)} every octet as it was sent (line ends are LF now, as in every Maildir)`);
  terminal.out(`${mark(left === 0)} ${countText(left, 'message')} left on the server`);
  return equal && left === 0 ? [] : ['The Maildir does not hold exactly what the server had.'];
}

function withLf(message: Buffer): Buffer {
  const endings = new CrlfToLf();
  return Buffer.concat([endings.convert(message), endings.end()]);
}

function fingerprint(octets: Buffer): string {
  return createHash('sha256').update(octets).digest('hex');
}

function indent(text: string): string {
  return text.replaceAll(/^(?=.)/gm, '    ');
}

function failed(terminal: Terminal, { error }: PollReport): number {
  if (error !== null) showError(terminal, error, 'demo:');
  return statusOf('internal');
}
