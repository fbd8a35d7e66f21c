import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chownSync, linkSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Mix, message } from './mail.ts';

const NOBODY = 65_534;

/** The mail that a maildrop is filled with, again for each run. */
export class MaildropContents {
  readonly #folder: string;
  readonly count: number;
  /** SHA-256 of each message as it should arrive, with how many there are of it. */
  readonly hashes: Map<string, number> = new Map();
  octets = 0;

  /** `distinct`: so many messages are made, the others are links to them. */
  constructor(
    folder: string,
    { count, mix, distinct = count }: { count: number; mix: Mix; distinct?: number },
  ) {
    this.#folder = folder;
    this.count = count;
    mkdirSync(folder, { recursive: true });
    chownSync(folder, NOBODY, NOBODY);
    const made: Made[] = [];
    for (let index = 0; index < count; index += 1) {
      const earlier = made[index % distinct];
      if (earlier !== undefined) {
        const name = uniqueName(index) + earlier.sizes;
        linkSync(join(folder, earlier.name), join(folder, name));
        this.#note(earlier);
      } else {
        const it = make(index, mix);
        writeFileSync(join(folder, it.name), it.content);
        chownSync(join(folder, it.name), NOBODY, NOBODY);
        const { name, sizes, octets, hash } = it;
        made.push({ name, sizes, octets, hash });
        this.#note(it);
      }
    }
  }

  #note({ octets, hash }: Made): void {
    this.octets += octets;
    this.hashes.set(hash, (this.hashes.get(hash) ?? 0) + 1);
  }

  /** Makes `path` a maildrop with all of it, whatever was there. */
  fill(path: string): void {
    rmSync(path, { recursive: true, force: true });
    for (const folder of ['', 'tmp', 'new', 'cur']) {
      mkdirSync(join(path, folder), { recursive: true });
      chownSync(join(path, folder), NOBODY, NOBODY);
    }
    if (this.count > 0) execFileSync('cp', ['-al', `${this.#folder}/.`, join(path, 'new')]);
  }
}

interface Made {
  readonly name: string;
  /** The end of the name, from which Dovecot takes both sizes, so that its own reading of them is nobody's time. */
  readonly sizes: string;
  readonly octets: number;
  readonly hash: string;
}

function make(index: number, mix: Mix): Made & { content: Buffer } {
  const content = message(index, mix);
  const lines = content.reduce((sum, octet) => sum + (octet === 0x0a ? 1 : 0), 0);
  const sizes = `,S=${content.length},W=${content.length + lines}`;
  const hash = createHash('sha256').update(content).digest('hex');
  return { content, name: uniqueName(index) + sizes, sizes, octets: content.length, hash };
}

/**
 * As a delivery program names a file, in ascending order. The hash by which Dovecot looks for names is weak: with names that
 * are told apart by a count alone it takes most of a session to open 20,000 messages.
 */
function uniqueName(index: number): string {
  const microseconds = (index * 7919 * 104_729) % 1_000_000;
  const pid = 1000 + ((index * 7919) % 30_000);
  return `${1_700_000_000 + 61 * index}.M${microseconds}P${pid}.mail`;
}
