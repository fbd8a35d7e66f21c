import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { AccountConfiguration } from '../../config/configuration.ts';
import { homeFolder } from '../../config/home.ts';
import { absolutePath } from '../../config/places.ts';
import { writePrivateFile } from '../../durable/private-file.ts';
import { ifThere, MailError } from '../../errors.ts';
import type { Peer, SeenMaildrop, SeenMessage } from '../../peers/peer.ts';
import {
  oldmailName,
  renderFetchids,
  renderOldmail,
  renderUidls,
  uidlsName,
} from '../../peers/seen-files.ts';
import { systemRuntime } from '../../runtime.ts';
import { remembered } from '../../setup/take-over.ts';
import { countText } from '../../wire/text.ts';
import type { CommandRun } from '../command.ts';
import { loadSelected } from '../load.ts';
import { processTerminal } from '../terminal.ts';

export interface ExportOptions {
  readonly output: string;
  readonly force?: boolean;
}

/** `mailferry export PEER [ACCOUNT…]`: writes what was carried in the form in which a peer remembers it. */
export const exportPeer: CommandRun<ExportOptions> = async (options, [peerName = '', ...names]) => {
  const terminal = processTerminal();
  const { configuration, accounts } = await loadSelected(options, names);
  const memories = await remembered(configuration.stateDir, {
    accounts: accounts.map(({ account }) => account),
    runtime: systemRuntime,
  });
  const known = accounts.map((account, index) => ({ account, seen: memories[index]?.seen ?? [] }));
  const output = absolutePath(options.output, process.cwd(), homeFolder());
  const peer = peerName as Peer;
  const isFolder = (await ifThere(stat(output)))?.isDirectory();
  if (isFolder !== undefined) refuseKind(peer, { output, isFolder });
  const files = filesFor(peer, { known, output, isFolder: isFolder === true });
  for (const { path } of files) {
    if (options.force === true || (await ifThere(stat(path))) === undefined) continue;
    throw new MailError('usage', `${path} is there already; nothing was written.`, {
      hint: 'Write to another place with --output, or replace it with --force.',
    });
  }
  for (const { path, text, messages } of files) {
    // Unique-ids are octets, each as one character.
    await writePrivateFile(path, Buffer.from(text, 'latin1'), systemRuntime);
    terminal.out(`Wrote ${path}: ${countText(messages, 'message')}.`);
  }
  return 0;
};

/** What is there must be what the peer keeps its memory in. */
function refuseKind(peer: Peer, { output, isFolder }: { output: string; isFolder: boolean }): void {
  if (peer === 'fetchmail' && isFolder)
    throw new MailError('usage', `${output} is a folder; fetchmail remembers everything in one file.`, {
      hint: 'Name that file, such as ~/.fetchids, with --output.',
    });
  if (peer === 'getmail' && !isFolder)
    throw new MailError('usage', `${output} is no folder; getmail has a file for each maildrop.`, {
      hint: 'Name the folder of its oldmail files, such as ~/.config/getmail, with --output.',
    });
}

interface Known {
  readonly account: AccountConfiguration;
  readonly seen: readonly SeenMessage[];
}

interface MemoryFile {
  readonly path: string;
  readonly text: string;
  readonly messages: number;
}

/** fetchmail remembers several maildrops in one file, getmail has a file for each, and mpop does as it is told: either. */
function filesFor(
  peer: Peer,
  { known, output, isFolder }: { known: readonly Known[]; output: string; isFolder: boolean },
): readonly MemoryFile[] {
  if (peer === 'getmail') {
    return known.map(({ account: { account }, seen }) => ({
      path: join(output, oldmailName(account)),
      text: renderOldmail(seen, systemRuntime.now()),
      messages: seen.length,
    }));
  }
  const maildrops = known.map(({ account: { account }, seen }) => {
    const user = Buffer.from(account.user, 'utf8').toString('latin1');
    return { host: account.host, user, messages: seen };
  });
  if (peer === 'fetchmail') return [memoryFile(output, renderFetchids(maildrops), maildrops)];
  if (!isFolder) return [memoryFile(output, renderUidls(maildrops), maildrops)];
  // Two ports of one host are one maildrop there.
  const byName = new Map<string, SeenMaildrop[]>();
  for (const maildrop of maildrops) {
    const name = uidlsName(maildrop);
    byName.set(name, [...(byName.get(name) ?? []), maildrop]);
  }
  return Array.from(byName, ([name, own]) => memoryFile(join(output, name), renderUidls(own), own));
}

function memoryFile(path: string, text: string, maildrops: readonly SeenMaildrop[]): MemoryFile {
  return { path, text, messages: maildrops.reduce((sum, { messages }) => sum + messages.length, 0) };
}
