import type { LogFormat, LogLevel } from '../observe/logger.ts';

/** The options that every command has. */
export interface GlobalOptions {
  readonly config?: string | undefined;
  readonly logLevel?: LogLevel | undefined;
  readonly logFormat: LogFormat;
}

/** Runs a command; resolves to its exit status. */
export type CommandRun<Options> = (
  options: Options & GlobalOptions,
  words: readonly string[],
) => Promise<number>;

/** Makes the action of a command out of what loads its module. */
export type ActionOf = (load: () => Promise<unknown>) => (...words: unknown[]) => Promise<void>;
