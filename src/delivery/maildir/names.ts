import type { Runtime } from '../../runtime.ts';
import { isLeftByTheDead } from '../left-by-the-dead.ts';

/**
 * Names for new messages in a Maildir, unique by its convention: time, then microsecond, process, count and
 * random part, then host. The `U` part is the message's tag, by which it is recognised after a crash (I3); it
 * stays when a mail program adds flags or moves the file to `cur`. The time is never before `notBefore`, when its folder was made: a
 * clock that is behind must not make it look as if that was made anew since.
 */
export class MaildirNames {
  readonly #runtime: Runtime;
  readonly #host: string;
  readonly #notBefore: number;
  #count = 0;

  /** `notBefore`: in milliseconds since 1970. */
  constructor(runtime: Runtime, notBefore = 0) {
    this.#runtime = runtime;
    this.#notBefore = Math.ceil(notBefore);
    this.#host = hostPart(runtime);
  }

  next(tag: string): string {
    this.#count += 1;
    const now = this.#runtime.now();
    const milliseconds = Math.max(now, this.#notBefore);
    const seconds = Math.floor(milliseconds / 1000);
    const microseconds = Math.floor((milliseconds % 1000) * 1000);
    const { pid } = this.#runtime;
    // A time that stands still tells no name from another.
    const random = this.#runtime.randomHex(4) + (now < milliseconds ? now.toString(16) : '');
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

/** The time in a name that we gave, in milliseconds since 1970; undefined where it is another's. */
export function deliveredAt(name: string): number | undefined {
  const [, seconds, microseconds] = /^(\d+)\.M(\d{1,6})P/.exec(name) ?? [];
  return seconds === undefined ? undefined : Number(seconds) * 1000 + Number(microseconds) / 1000;
}
