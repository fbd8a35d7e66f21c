import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chownSync, linkSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Mix, message } from './mail.ts';

const NOBODY = 65_534;

/** The mail that a maildrop is filled with, again for each run. */
export class MaildropContents {
  readonly #folder: string;
  readonly #names: string[] = [];
  /** SHA-256 of each message as it should arrive, with how many there are of it. */
  readonly hashes: Map<string, number> = new Map();
  octets = 0;

  /** `distinct`: so many messages are made, the others are links to them. */
  constructor(
    folder: string,
    { count, mix, distinct = count }: { count: number; mix: Mix; distinct?: number },
  ) {
    this.#folder = folder;
    mkdirSync(folder, { recursive: true });
    chownSync(folder, NOBODY, NOBODY);
    for (let index = 0; index < count; index += 1) {
      const content = message(index % distinct, mix);
      const lines = content.reduce((sum, octet) => sum + (octet === 0x0a ? 1 : 0), 0);
      // Dovecot takes both sizes from the name, so that its own reading of them is nobody's time.
      const name = `${1_700_000_000 + index}.M${index}.bench,S=${content.length},W=${content.length + lines}`;
      if (index < distinct) {
        writeFileSync(join(folder, name), content);
        chownSync(join(folder, name), NOBODY, NOBODY);
      } else linkSync(join(folder, this.#names[index % distinct] ?? ''), join(folder, name));
      this.#names.push(name);
      this.octets += content.length;
      const hash = createHash('sha256').update(content).digest('hex');
      this.hashes.set(hash, (this.hashes.get(hash) ?? 0) + 1);
    }
  }

  get count(): number {
    return this.#names.length;
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
