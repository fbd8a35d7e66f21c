import { closeSync, openSync } from 'node:fs';
import { type DestinationStream, destination, type Logger as PinoLogger, pino } from 'pino';
import { printable } from '../wire/text.ts';

export type LogLevel = 'silent' | 'error' | 'warn' | 'info' | 'debug' | 'trace';
export type LogFormat = 'auto' | 'json' | 'pretty';
export type Logger = Pick<PinoLogger, 'error' | 'warn' | 'info' | 'debug' | 'trace'>;

/** Where a secret could turn up in spite of all; the first belt is that `Secret` prints as `[secret]`. */
const REDACTED = ['password', '*.password', 'secret', '*.secret', 'token', '*.token'];

export interface LoggerOptions {
  readonly level: LogLevel;
  readonly format: LogFormat;
  /** Whether people watch standard error, and whether they want colours. */
  readonly terminal: boolean;
  readonly colours: boolean;
  /** Absolute path of a file to log to, as JSON unless `format` says otherwise. Default: standard error. */
  readonly file?: string | undefined;
  /** Sees every line as JSON, as it is logged. */
  readonly onLine?: ((line: string) => void) | undefined;
}

/** A log that can follow its file when that was renamed. */
export interface Log {
  readonly logger: Logger;
  /** Opens the file anew, after a program such as logrotate has moved it away. */
  reopen(): void;
}

/**
 * The log, on standard error or in a file: one JSON object per line, or lines for people on a terminal. Written
 * synchronously, so that no line is lost however the process ends.
 */
export async function createLogger(options: LoggerOptions): Promise<Logger> {
  return (await openLog(options)).logger;
}

/** The same as something that can be reopened. Raises what the system says when the file cannot be opened. */
export async function openLog(options: LoggerOptions): Promise<Log> {
  const { level, onLine, file } = options;
  // Opened and closed once, since the log itself would only tell later, and to nobody.
  if (file !== undefined) closeSync(openSync(file, 'a', 0o600));
  const target = destination({ dest: file ?? 2, sync: true, append: true, mode: 0o600 });
  // A full disk or a closed pipe behind the log must not stop mail.
  target.on('error', () => undefined);
  const written = isForPeople(options) ? await prettyStream(options, target) : target;
  const stream = {
    write: (line: string): void => {
      written.write(line);
      onLine?.(line);
    },
  };
  const logger: Logger = pino(
    {
      level,
      formatters: { level: (label: string) => ({ level: label }) },
      redact: { paths: REDACTED, censor: '[secret]' },
      base: null,
      timestamp: isoTime,
    },
    stream,
  );
  return { logger, reopen: () => file !== undefined && target.reopen() };
}

function isForPeople({ format, terminal, file }: LoggerOptions): boolean {
  return format === 'pretty' || (format === 'auto' && terminal && file === undefined);
}

async function prettyStream(
  { colours, file }: LoggerOptions,
  target: DestinationStream,
): Promise<DestinationStream> {
  const { prettyFactory } = await import('pino-pretty');
  const format = prettyFactory({
    colorize: colours && file === undefined,
    translateTime: 'SYS:HH:MM:ss',
    ignore: 'account',
    messageFormat: forPeople,
  });
  return { write: (line: string) => target.write(format(line)) };
}

function isoTime(): string {
  return `,"time":"${new Date().toISOString()}"`;
}

function forPeople(line: Readonly<Record<string, unknown>>): string {
  const account = typeof line['account'] === 'string' ? `${line['account']}: ` : '';
  return printable(`${account}${String(line['msg'])}`, 2000);
}
