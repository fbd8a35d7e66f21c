import type { Runtime } from '../runtime.ts';
import { isLeftByTheDead } from './left-by-the-dead.ts';

/**
 * Names for new messages in a Maildir, unique by its convention: time, then microsecond, process, count and
 * random part, then host. The `U` part is the message's tag, by which it is recognised after a crash (I3); it
 * stays when a mail program adds flags or moves the file to `cur`.
 */
export class MaildirNames {
  readonly #runtime: Runtime;
  readonly #host: string;
  #count = 0;

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
    this.#host = hostPart(runtime);
  }

  next(tag: string): string {
    this.#count += 1;
    const milliseconds = this.#runtime.now();
    const seconds = Math.floor(milliseconds / 1000);
    const microseconds = Math.floor((milliseconds % 1000) * 1000);
    const { pid } = this.#runtime;
    const random = this.#runtime.randomHex(4);
    return `${seconds}.M${microseconds}P${pid}Q${this.#count}R${random}U${tag}.${this.#host}`;
  }
}

function hostPart({ hostName }: Runtime): string {
  return hostName.replaceAll('/', '\\057').replaceAll(':', '\\072').replaceAll(',', '_');
}

/** The tag in a Maildir file name that we gave, or undefined. */
export function tagOf(fileName: string): string | undefined {
  return /^\d+\.M\d+P\d+Q\d+R[0-9a-f]+U([0-9a-f]+)\./.exec(fileName)?.[1];
}

/**
 * True for a temporary file of ours whose writer is dead: older than this process, and of another process of this
 * host that no longer lives, or of one that had our process id before us.
 */
export function isLeftover(fileName: string, modifiedAt: number, runtime: Runtime): boolean {
  const [, pid, host] = /^\d+\.M\d+P(\d+)Q\d+R[0-9a-f]+U[0-9a-f]+\.(.*)$/.exec(fileName) ?? [];
  if (pid === undefined || host !== hostPart(runtime)) return false;
  return isLeftByTheDead(Number(pid), modifiedAt, runtime);
}

/** The part of a file name that stays when flags change: without `:2,…`. */
export function baseName(fileName: string): string {
  return fileName.split(':2,', 1)[0] ?? fileName;
}

/** The base name that we gave, without fields that other programs put behind it, such as `,U=7` of mbsync. */
export function withoutAdditions(name: string): string {
  return name.replace(/(,S=\d+),.*$/, '$1');
}

/** When the file of such a name was delivered, in milliseconds since 1970; undefined where the name does not tell. */
export function deliveredAt(name: string): number | undefined {
  const [, seconds] = /^(\d+)\./.exec(name) ?? [];
  return seconds === undefined ? undefined : Number(seconds) * 1000;
}
