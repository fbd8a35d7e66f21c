import { join } from 'node:path';
import * as z from 'zod';
import type { LogLevel } from '../../observe/logger.ts';
import { formatDuration } from '../../schedule/duration.ts';
import type { DaemonConfiguration } from '../configuration.ts';
import type { SecretSurroundings } from '../secrets.ts';
import type { AccountSettings, GeneralSettings, ListenAddress } from '../settings.ts';
import { choice, duration, expected, type Fields, mapping, path } from './kinds.ts';
import { completeNotify } from './notify.ts';

/** How far polls are moved apart when nothing is said, in milliseconds. */
export const DEFAULT_JITTER_MS = 10_000;

const LONGEST_JITTER_MS = 3_600_000;

/** Longer than a QUIT takes, shorter than systemd's 90 s until it kills. */
const DEFAULT_GRACE_MS = 15_000;

const LONGEST_GRACE_MS = 3_600_000;

type DaemonKeys = 'controlSocket' | 'shutdownGrace' | 'log' | 'monitoring';

/** The key of an account that only the daemon uses. */
export const jitter = (): z.ZodType<Exclude<AccountSettings['jitter'], undefined>> =>
  duration('a length of time', 0, LONGEST_JITTER_MS).meta({
    default: formatDuration(DEFAULT_JITTER_MS),
    description:
      'The daemon moves the polls of an account by a part of this, always the same for an account, and by no more than a ' +
      'tenth of the time between two polls, so that many accounts are not polled at one moment. `0ms` keeps the schedule exactly.',
  });

const ADDRESS = 'a port, or HOST:PORT such as 127.0.0.1:9495';
const listen = () =>
  z
    .union([z.int(), z.string()], expected(ADDRESS))
    .transform((written, context): ListenAddress => {
      const [, host = '', digits = ''] = /^(?:\[?([^\]]+?)\]?:)?(\d{1,5})$/.exec(String(written)) ?? [];
      const port = Number(digits);
      if (digits !== '' && port >= 1 && port <= 65_535) return { host: host || '127.0.0.1', port };
      context.addIssue(expected(ADDRESS).error({ input: written }));
      return z.NEVER;
    })
    .meta({ title: 'text or number' });

/** The keys at the top of the file that only the daemon uses. */
export const daemonFields: Fields<Pick<GeneralSettings, DaemonKeys>> = {
  controlSocket: () =>
    path('the path of a socket').meta({
      description:
        'Socket by which `status`, `poll`, `pause` and others talk to the daemon; at most 100 octets long. ' +
        'Default: `control/daemon.sock` in `stateDir`.',
    }),
  shutdownGrace: () =>
    duration('a length of time', 0, LONGEST_GRACE_MS).meta({
      default: formatDuration(DEFAULT_GRACE_MS),
      description:
        'How long running polls, and commands after mail, may take to end properly when the daemon is told to stop.',
    }),
  log: () =>
    mapping('a mapping of log settings', {
      level: choice<LogLevel>(['silent', 'error', 'warn', 'info', 'debug', 'trace']).optional().meta({
        default: 'info',
        description: 'How much the daemon logs. `--log-level` wins over it.',
      }),
      file: path('the path of a file').optional().meta({
        description:
          'File that the daemon logs to, opened anew when it reloads (SIGHUP), for logrotate. Default: standard error.',
      }),
    }).meta({ description: 'The log of the daemon.' }),
  monitoring: () =>
    mapping('a mapping of settings for monitoring', {
      listen: listen().meta({
        description:
          'Address for `GET /health`, `GET /health/accounts` and `GET /metrics` (Prometheus): `HOST:PORT`, or a port of this ' +
          'machine alone. Without it, nothing listens.',
      }),
    }).meta({ description: 'Health and metrics over HTTP.' }),
};

interface DaemonSurroundings {
  /** Absolute path of the folder of the ledger. */
  readonly stateDir: string;
  readonly absolute: (path: string) => string;
  readonly secrets: SecretSurroundings;
}

/** The path of the socket on which the daemon is asked. */
export function controlSocketOf(
  { controlSocket }: Pick<Partial<GeneralSettings>, 'controlSocket'>,
  { stateDir, absolute }: Pick<DaemonSurroundings, 'stateDir' | 'absolute'>,
): string {
  return controlSocket === undefined ? join(stateDir, 'control', 'daemon.sock') : absolute(controlSocket);
}

/** What the daemon does, with every default filled in. */
export function completeDaemon(
  general: Partial<GeneralSettings>,
  around: DaemonSurroundings,
): DaemonConfiguration {
  const { shutdownGrace, log, monitoring } = general;
  const { absolute } = around;
  return {
    controlSocket: controlSocketOf(general, around),
    listen: monitoring?.listen,
    notify: completeNotify(general, around),
    shutdownGraceMs: shutdownGrace ?? DEFAULT_GRACE_MS,
    log: { level: log?.level ?? 'info', file: log?.file === undefined ? undefined : absolute(log.file) },
  };
}
