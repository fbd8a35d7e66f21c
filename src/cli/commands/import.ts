import { readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { homeFolder, localUser } from '../../config/home.ts';
import { loadConfiguration } from '../../config/load.ts';
import { netrcPassword } from '../../config/netrc.ts';
import {
  absolutePath,
  defaultStateFolder,
  isUserConfiguration,
  userConfigurationPath,
} from '../../config/places.ts';
import { writePrivateFile } from '../../durable/private-file.ts';
import { ifThere, MailError } from '../../errors.ts';
import type { Peer } from '../../peers/peer.ts';
import { systemRuntime } from '../../runtime.ts';
import { type ImportPlan, type ImportWishes, type NetrcLookup, planImport } from '../../setup/import-peer.ts';
import { readPeer } from '../../setup/peer-files.ts';
import { takeOver } from '../../setup/take-over.ts';
import type { CommandRun } from '../command.ts';
import { statusOf } from '../exit-status.ts';
import { paragraph, processTerminal, showError, type Terminal } from '../terminal.ts';
import { passwordsText, toldOfImport } from '../words/import-text.ts';

export interface ImportOptions {
  readonly output?: string;
  readonly force?: boolean;
  readonly dryRun?: boolean;
  readonly state?: string;
  readonly netrc?: string;
  readonly deliver?: { readonly type: string; readonly path: string };
  readonly stateDir?: string;
}

/** `mailferry import PEER FILE…`: a peer's configuration becomes ours, and what it remembers goes into the ledger. */
export const importPeer: CommandRun<ImportOptions> = async (options, [peerName = '', ...files]) => {
  const terminal = processTerminal();
  const home = homeFolder();
  const absolute = (path: string): string => absolutePath(path, process.cwd(), home);
  const peer = peerName as Peer;
  const output = absolute(options.output ?? options.config ?? userConfigurationPath(process.env, home));
  const wishes: ImportWishes = {
    peer,
    files: files.map(absolute),
    output,
    deliver: options.deliver && { ...options.deliver, path: writtenPath(options.deliver.path, absolute) },
    stateDir: options.stateDir && absolute(options.stateDir),
  };
  const state = options.state && absolute(options.state);
  const read = await readPeer(peer, { files: wishes.files, state, home, localUser: localUser() });
  const plan = planImport(read, wishes, await netrcLookup(options.netrc ?? (home && '~/.netrc'), absolute));
  const stateDir = wishes.stateDir ?? defaultStateFolder(process.env, home);
  if (options.dryRun === true) {
    terminal.out(plan.configuration.trimEnd());
    terminal.out('');
    tell(plan, { peer, terminal });
    if (plan.passwordFiles.length > 0) terminal.out(`Would write ${passwordsText(plan.passwordFiles)}.`);
    terminal.out(
      `Nothing was written. The configuration would be ${output}, the ledger would be in ${stateDir}.`,
    );
    return 0;
  }
  await refuseOverwriting(plan, { output, force: options.force === true });
  const memories = plan.accounts.map(({ name, seen }) => ({ account: name, seen }));
  // Before the configuration: a poll that comes in between must not find the accounts without their memory.
  await takeOver(stateDir, { peer, memories, runtime: systemRuntime });
  for (const { path, password } of plan.passwordFiles)
    await writePrivateFile(path, `${password.reveal()}\n`, systemRuntime);
  if (plan.passwordFiles.length > 0) terminal.out(`Wrote ${passwordsText(plan.passwordFiles)}.`);
  await writePrivateFile(output, plan.configuration, systemRuntime);
  terminal.out(
    `Wrote ${output} (mode 0600); what has no counterpart stands in it as a comment at each account.`,
  );
  tell(plan, { peer, terminal });
  return conclude(output, { options, terminal });
};

/** What became of the accounts, and what is left to say. */
function tell(
  { accounts, warnings }: ImportPlan,
  { peer, terminal }: { peer: Peer; terminal: Terminal },
): void {
  const { stdout } = process;
  for (const warning of warnings)
    terminal.out(paragraph(`${terminal.style('yellow', 'note:')} `, warning, stdout));
  for (const { about, text, warns } of toldOfImport(accounts, peer)) {
    const shown = paragraph('', `${about}: ${text}`, stdout);
    terminal.out(warns ? terminal.style('yellow', shown) : shown);
  }
}

/** Loads what was written, so that nobody has to find out later that something is missing. */
async function conclude(
  output: string,
  { options, terminal }: { options: { readonly config?: string | undefined }; terminal: Terminal },
): Promise<number> {
  const named =
    options.config === undefined && isUserConfiguration(output, process.env, homeFolder())
      ? ''
      : ` --config ${output}`;
  try {
    await loadConfiguration({
      path: output,
      env: process.env,
      cwd: dirname(output),
      home: homeFolder(),
      uid: process.getuid?.(),
    });
    terminal.out(`Next: mailferry fetch --dry-run${named}   (downloads nothing, shows what would come)`);
    return 0;
  } catch (thrown) {
    if (!(thrown instanceof MailError)) throw thrown;
    showError(terminal, thrown, 'Not complete yet:');
    return statusOf(thrown.code);
  }
}

async function refuseOverwriting(
  { passwordFiles }: ImportPlan,
  { output, force }: { output: string; force: boolean },
): Promise<void> {
  if (force) return;
  for (const path of [output, ...passwordFiles.map((file) => file.path)]) {
    if ((await ifThere(stat(path))) === undefined) continue;
    throw new MailError('usage', `${path} is there already; nothing was written.`, {
      hint: 'Write to another file with --output FILE, or replace it with --force.',
    });
  }
}

async function netrcLookup(
  written: string | undefined,
  absolute: (path: string) => string,
): Promise<NetrcLookup> {
  if (written === undefined) return () => undefined;
  const text = await ifThere(readFile(absolute(written), 'utf8'));
  return (machines, login) => {
    const machine = machines.find((it) => netrcPassword(text ?? '', { machine: it, login }) !== undefined);
    return machine === undefined ? undefined : { path: writtenPath(written, absolute), machine };
  };
}

/** In the configuration a path is relative to its folder, on the command line to the current one. */
function writtenPath(path: string, absolute: (path: string) => string): string {
  return path.startsWith('~/') ? path : absolute(path);
}
