import type { ServerResponse } from 'node:http';
import { MailError } from '../errors.ts';
import type { RecentLines } from '../observe/recent-lines.ts';
import type { Runtime } from '../runtime.ts';
import { CONFIRM_DELETE, ROUTES } from './control-protocol.ts';
import { type Answers, sendJson } from './control-server.ts';
import type { Daemon, Reloaded } from './daemon.ts';
import type { DaemonStatus, Status } from './status.ts';

/** Who follows the log and reads so much too slowly is let go. */
const FOLLOWER_BUFFER_OCTETS = 1_000_000;

const DEFAULT_LINES = 20;

/** What the answers are made of. */
export interface AnswerParts {
  readonly daemon: Daemon;
  readonly runtime: Runtime;
  readonly version: string;
  /** Absolute path of the configuration. */
  readonly configuration: string;
  readonly lines: RecentLines;
  /** Raises what is wrong with the new configuration. */
  readonly reload: () => Promise<ReloadAnswer>;
}

/** What a reload has changed, and the keys whose change needs a restart. */
export interface ReloadAnswer extends Reloaded {
  readonly needRestart: readonly string[];
}

/** The commands that a daemon takes over its control socket. */
export function controlAnswers(parts: AnswerParts): Answers {
  const { daemon, lines, reload } = parts;
  return {
    [`GET ${ROUTES.status}`]: (response) => sendJson(response, 200, statusOf(parts)),
    [`POST ${ROUTES.poll}`]: async (response, { accounts, query }) => {
      if (daemon.stopping) throw new MailError('aborted', 'The daemon is stopping.');
      const reports = daemon.pollNow(accounts, { confirmDelete: query.has(CONFIRM_DELETE) });
      beginLines(response);
      // Whoever does not wait for the reports waits for this.
      response.flushHeaders();
      const written = reports.map(async (report) => response.write(`${JSON.stringify(await report)}\n`));
      await Promise.all(written);
      response.end();
    },
    [`POST ${ROUTES.pause}`]: async (response, { accounts }) =>
      sendJson(response, 200, { accounts: await daemon.pause(accounts) }),
    [`POST ${ROUTES.resume}`]: async (response, { accounts }) =>
      sendJson(response, 200, { accounts: await daemon.resume(accounts) }),
    [`POST ${ROUTES.reload}`]: async (response) => sendJson(response, 200, await reload()),
    [`GET ${ROUTES.logs}`]: (response, { query, gone }) => {
      beginLines(response);
      for (const line of lines.last(Number(query.get('lines') ?? DEFAULT_LINES))) response.write(line);
      if (query.get('follow') !== 'true') {
        response.end();
        return;
      }
      response.flushHeaders();
      lines.follow((line) => {
        if (response.writableLength > FOLLOWER_BUFFER_OCTETS) response.destroy();
        else response.write(line);
      }, gone);
    },
  };
}

function beginLines(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'application/x-ndjson' });
}

function statusOf({ daemon, runtime, version, configuration }: AnswerParts): Status {
  const status: DaemonStatus = {
    version,
    pid: runtime.pid,
    startedAt: new Date(runtime.startedAt).toISOString(),
    configuration,
    polling: daemon.polling,
    waiting: daemon.waiting,
    stopping: daemon.stopping,
  };
  return { daemon: status, accounts: daemon.status() };
}
