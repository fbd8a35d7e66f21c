import { MailError } from '../errors.ts';
import { Users } from './authentication.ts';
import { MemoryMaildrop } from './memory-maildrop.ts';
import type { ServerOptions } from './options.ts';

/** The users of a server, and those maildrops of theirs that it made itself. */
export interface Accounts {
  readonly users: Users;
  readonly inMemory: ReadonlyMap<string, MemoryMaildrop>;
}

/** Sets up the users. Raises `config` where one has both messages and a maildrop. */
export function openAccounts(options: ServerOptions['users']): Accounts {
  const users = new Users();
  const inMemory = new Map<string, MemoryMaildrop>();
  for (const [name, { password, messages, maildrop }] of Object.entries(options)) {
    if (messages !== undefined && maildrop !== undefined) {
      throw new MailError('config', `The user "${name}" has both messages and a maildrop.`, {
        hint: 'Give one of the two.',
      });
    }
    const own = maildrop ?? new MemoryMaildrop(messages);
    if (own instanceof MemoryMaildrop) inMemory.set(name, own);
    users.add(name, password, own);
  }
  return { users, inMemory };
}
