import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { AccountConfiguration } from '../../config/configuration.ts';
import { homeFolder } from '../../config/home.ts';
import { absolutePath } from '../../config/places.ts';
import { writePrivateFile } from '../../durable/private-file.ts';
import { ifThere, MailError } from '../../errors.ts';
import type { Peer, SeenMessage } from '../../peers/peer.ts';
import { oldmailName, renderFetchids, renderOldmail, renderUidls } from '../../peers/seen-files.ts';
import { systemRuntime } from '../../runtime.ts';
import { remembered } from '../../setup/take-over.ts';
import { countText } from '../../wire/text.ts';
import type { CommandRun } from '../command.ts';
import { loadFor, selectAccounts } from '../load.ts';
import { processTerminal } from '../terminal.ts';

export interface ExportOptions {
  readonly output: string;
  readonly force?: boolean;
}

/** `mailferry export PEER [ACCOUNT…]`: writes what was carried in the form in which a peer remembers it. */
export const exportPeer: CommandRun<ExportOptions> = async (options, [peerName = '', ...names]) => {
  const terminal = processTerminal();
  const configuration = await loadFor(options);
  const accounts = selectAccounts(configuration, names);
  const memories = await remembered(configuration.stateDir, {
    accounts: accounts.map(({ account }) => account.name),
    runtime: systemRuntime,
  });
  const known = accounts.map((account, index) => ({ account, seen: memories[index]?.seen ?? [] }));
  const output = absolutePath(options.output, process.cwd(), homeFolder());
  const files = filesFor(peerName as Peer, { known, output });
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

interface Known {
  readonly account: AccountConfiguration;
  readonly seen: readonly SeenMessage[];
}

interface MemoryFile {
  readonly path: string;
  readonly text: string;
  readonly messages: number;
}

/** fetchmail and mpop remember several maildrops in one file, getmail has a file for each. */
function filesFor(
  peer: Peer,
  { known, output }: { known: readonly Known[]; output: string },
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
  const text = peer === 'fetchmail' ? renderFetchids(maildrops) : renderUidls(maildrops);
  return [{ path: output, text, messages: known.reduce((sum, { seen }) => sum + seen.length, 0) }];
}
