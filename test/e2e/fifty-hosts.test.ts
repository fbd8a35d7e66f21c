import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { createServer } from '../../src/pop3-server/index.ts';
import { RunningDaemon, writeDaemonConfiguration } from '../support/daemon.ts';
import { rawPeer } from '../support/raw-peer.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const NAMES = Array.from({ length: 50 }, (_, index) => `h${index}`);
const HANGING = 'h7';
const REFUSED = 'h9';
const OTHERS = NAMES.filter((name) => name !== HANGING && name !== REFUSED);

/** Longer than the schedule of 1 s by what a loaded machine may take, and far shorter than the hang. */
const LATEST_MS = 10_000;

it('polls 48 of 50 hosts on time while one hangs for ever and one refuses logins, and tells each change once across restarts and kills', async () => {
  await using folder = await temporaryFolder();
  const users = NAMES.map((name) => [name, { password: 'secret', messages: [] }] as const);
  await using server = await createServer({ host: '0.0.0.0', users: Object.fromEntries(users) });
  await using silent = await rawPeer((line) => line.closed());
  const write = (trouble: boolean): Promise<void> =>
    writeDaemonConfiguration(
      folder.path,
      Object.fromEntries(
        NAMES.map((name, index) => [
          name,
          {
            host: `127.0.1.${index + 1}`,
            port: server.address.port,
            schedule: 'every 1s',
            ...(name === HANGING && trouble
              ? { host: '127.0.0.1', port: silent.port, timeouts: { connect: '1s', idle: '1h' } }
              : {}),
            ...(name === REFUSED && trouble ? { password: 'wrong' } : {}),
          },
        ]),
      ),
      {
        notify: { afterFailures: 1, to: [{ type: 'command', command: `cat >> '${folder.at('notices')}'` }] },
      },
    );
  const notices = async (): Promise<string[]> =>
    (await readFile(folder.at('notices'), 'utf8').catch(() => ''))
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as { account: string; kind: string })
      .map(({ account, kind }) => `${account} ${kind}`)
      .sort();

  await write(true);
  for (const how of ['killed', 'ended'] as const) {
    await using daemon = new RunningDaemon(folder.path);
    await daemon.logged(/^the daemon runs/);
    if (how === 'killed') await daemon.logged(new RegExp(`^notice: ${REFUSED}: `));
    if (how === 'killed') await daemon.logged(new RegExp(`^notice: ${HANGING}: `));
    const from = daemon.log.length;
    for (const name of OTHERS) await pollsOf(daemon, { name, from, count: 3 });
    const late = OTHERS.filter((name) => longestGapMs(daemon, name) > LATEST_MS);
    expect(late).toEqual([]);
    if (how === 'ended') await daemon.end();
  }
  expect(await notices()).toEqual([`${HANGING} failing`, `${REFUSED} failing`]);

  await write(false);
  await using daemon = new RunningDaemon(folder.path);
  await daemon.logged(/^the daemon runs/);
  expect((await daemon.ask('poll', HANGING, REFUSED)).status).toBe(0);
  await daemon.end();
  const all = ['failing', 'recovered'].flatMap((kind) => [`${HANGING} ${kind}`, `${REFUSED} ${kind}`]);
  expect(await notices()).toEqual(all.sort());
});

/** Resolves when so many polls of an account have ended after the first `from` lines of the log. */
async function pollsOf(
  daemon: RunningDaemon,
  { name, from, count }: { name: string; from: number; count: number },
): Promise<void> {
  const ended = (): number => endsOf(daemon, name, from).length;
  while (ended() < count) await daemon.logged(/^poll finished/, daemon.log.length);
}

function endsOf(daemon: RunningDaemon, name: string, from = 0): number[] {
  return daemon.log
    .slice(from)
    .filter(({ account, msg }) => account === name && String(msg).startsWith('poll finished'))
    .map(({ time }) => new Date(String(time)).getTime());
}

function longestGapMs(daemon: RunningDaemon, name: string): number {
  const ends = endsOf(daemon, name);
  return Math.max(...ends.slice(1).map((end, index) => end - (ends[index] ?? 0)));
}
