import { access, constants, stat } from 'node:fs/promises';
import { delimiter, isAbsolute, join, resolve } from 'node:path';
import type { Runnable } from '../config/configuration.ts';
import { warningOf } from '../delivery/handed-over/known-programs.ts';
import type { MdaSettings } from '../delivery/settings.ts';
import { destinationName } from '../delivery/settings.ts';
import { MailError } from '../errors.ts';
import { doubtful, good, type Step, wrong } from './step.ts';

/** A command that is a program and plain arguments, so that its first word is what the shell would start. */
const PLAIN = /^\s*([A-Za-z0-9_./+-]+)(?:\s|$)/;

/** Whether the program that is to take mail is there and may be run. It is not run, since it would deliver what it is given. */
export async function examineProgram(settings: MdaSettings): Promise<Step> {
  const { command, env = process.env, folder = '.' } = settings;
  const name = destinationName(settings);
  const warning = warningOf(command);
  const program = typeof command === 'string' ? PLAIN.exec(command)?.[1] : command[0];
  if (program === undefined) {
    const remedy = warning ?? 'Run it by hand with a message on its standard input.';
    return doubtful('destination', `${name} goes through the shell, and was not tried`, remedy);
  }
  for (const path of placesOf(program, { env, folder })) {
    if (!(await mayBeRun(path))) continue;
    if (warning !== undefined) return doubtful('destination', `${name} may not keep what it takes`, warning);
    return good('destination', `${name} takes mail; its program is there`);
  }
  const hint =
    'Install it, or correct "command": its first word is the program, found by $PATH or by a whole path.';
  return wrong(
    'destination',
    new MailError('destination-unusable', `There is no program ${program} that may be run.`, { hint }),
  );
}

/** What the shell does itself. */
const BUILT_IN = new Set(
  '. : alias cd command eval exec exit export for if case read set test trap ulimit umask until wait while'.split(
    ' ',
  ),
);

/** Whether the program of a command around a poll is missing, as far as the command tells which one it is. It is not run. */
export async function examineCommand(
  step: 'preconnect' | 'afterMail',
  { command, env, folder }: Runnable,
): Promise<Step | undefined> {
  const program = typeof command === 'string' ? PLAIN.exec(command)?.[1] : command[0];
  if (program === undefined || (typeof command === 'string' && BUILT_IN.has(program))) return undefined;
  for (const path of placesOf(program, { env, folder })) if (await mayBeRun(path)) return undefined;
  const code = step === 'preconnect' ? 'preconnect-failed' : 'after-mail-failed';
  const hint = `Install it, or correct "${step}": its first word is the program, found by $PATH or by a whole path.`;
  return wrong(step, new MailError(code, `There is no program ${program} that may be run.`, { hint }));
}

function placesOf(program: string, { env, folder }: Pick<Runnable, 'env' | 'folder'>): readonly string[] {
  if (isAbsolute(program)) return [program];
  if (program.includes('/')) return [resolve(folder, program)];
  return (env['PATH'] ?? '').split(delimiter).map((place) => join(resolve(folder, place), program));
}

async function mayBeRun(path: string): Promise<boolean> {
  const isProgram = await access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
  return isProgram && (await stat(path)).isFile();
}
