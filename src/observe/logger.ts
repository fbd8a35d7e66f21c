import { type DestinationStream, destination, type Logger as PinoLogger, pino } from 'pino';
import { asMailError, MailError } from '../errors.ts';
import { describeSystemError } from '../wire/errors.ts';
import { lineForPeople, TOLD_KEYS } from './line-for-people.ts';

export type LogLevel = 'silent' | 'error' | 'warn' | 'info' | 'debug' | 'trace';
export type LogFormat = 'auto' | 'json' | 'pretty';
export type Logger = Pick<PinoLogger, 'error' | 'warn' | 'info' | 'debug' | 'trace'>;

const STANDARD_ERROR = 2;

type Target = ReturnType<typeof destination>;

/** What is kept of a log that cannot be written just now, on a full disk say; what comes then is lost (I7). */
const MAX_UNWRITTEN_CHARACTERS = 1_000_000;

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
  /**
   * Opens the file anew, after a program such as logrotate has moved it away. Raises a `MailError` where that cannot be
   * done; then the log goes on where it went before.
   */
  reopen(): void;
}

/**
 * The log, on standard error or in a file: one JSON object per line, or lines for people on a terminal. Written
 * synchronously, so that no line is lost however the process ends.
 */
export async function createLogger(options: LoggerOptions): Promise<Logger> {
  return (await openLog(options)).logger;
}

/**
 * The same as something that can be reopened. Where its file cannot be opened, it goes to standard error, and says so
 * first: a log must not stop mail.
 */
export async function openLog(options: LoggerOptions): Promise<Log> {
  const { level, onLine, file } = options;
  const begun = begin(file);
  let { target } = begun;
  const current = { write: (line: string) => target.write(line) };
  const written = isForPeople(options) ? await prettyStream(options, current) : current;
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
  if (begun.trouble !== undefined) {
    const { message, hint } = begun.trouble;
    logger.error({ hint }, `${message} The log goes to standard error.`);
  }
  const reopen = (): void => {
    if (file === undefined) return;
    const before = target;
    target = openTarget(file);
    before.end();
  };
  return { logger, reopen };
}

/** The file, or standard error in its place. */
function begin(file: string | undefined): { readonly target: Target; readonly trouble?: MailError } {
  if (file === undefined) return { target: openTarget(STANDARD_ERROR) };
  try {
    return { target: openTarget(file) };
  } catch (thrown) {
    return { target: openTarget(STANDARD_ERROR), trouble: asMailError(thrown) };
  }
}

function openTarget(dest: string | number): Target {
  try {
    const target = destination({
      dest,
      sync: true,
      append: true,
      mode: 0o600,
      maxLength: MAX_UNWRITTEN_CHARACTERS,
    });
    // A full disk or a closed pipe behind the log must not stop mail.
    target.on('error', () => undefined);
    return target;
  } catch (cause) {
    throw new MailError('config', `The log file ${dest} cannot be opened: ${describeSystemError(cause)}.`, {
      cause,
      hint: 'Check "log.file": its folder must be there, and the user who runs Mailferry must be able to write to it.',
    });
  }
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
    ignore: TOLD_KEYS.join(','),
    singleLine: true,
    messageFormat: lineForPeople,
  });
  return { write: (line: string) => target.write(format(line)) };
}

function isoTime(): string {
  return `,"time":"${new Date().toISOString()}"`;
}
