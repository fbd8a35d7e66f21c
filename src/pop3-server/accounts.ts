import { MailError } from '../errors.ts';
import type { Runtime } from '../runtime.ts';
import { Secret } from '../secret.ts';
import { messagesOf } from './check-options.ts';
import { MemoryMaildrop } from './memory-maildrop.ts';
import type { ServerOptions } from './options.ts';
import type { Profile } from './profile.ts';
import { Users } from './users.ts';
import { ContentIds, poppedViews } from './views.ts';

/** The users of a server, and those maildrops of theirs that it made itself. */
export interface Accounts {
  readonly users: Users;
  readonly inMemory: ReadonlyMap<string, MemoryMaildrop>;
}

/** Sets up the users. Raises `config` where one has both messages and a maildrop, or no way to log in. */
export async function openAccounts(
  options: ServerOptions['users'],
  { uniqueIds, popped }: Profile,
  runtime: Runtime,
): Promise<Accounts> {
  const users = new Users(runtime);
  const inMemory = new Map<string, MemoryMaildrop>();
  for (const [name, { password, token, certificate, messages, maildrop }] of Object.entries(options)) {
    if (messages !== undefined && maildrop !== undefined) {
      throw new MailError('config', `The user "${name}" has both messages and a maildrop.`, {
        hint: 'Give one of the two.',
      });
    }
    if (password === undefined && token === undefined && certificate !== true) {
      throw new MailError('config', `The user "${name}" has no way to log in.`, {
        hint: 'Give a "password" or a "token", or say "certificate: true".',
      });
    }
    const own = maildrop ?? new MemoryMaildrop(messagesOf(name, messages));
    if (own instanceof MemoryMaildrop) inMemory.set(name, own);
    const proofs = { password: secretOf(password), token: secretOf(token), certificate };
    const shown = uniqueIds === 'content' ? new ContentIds(own) : own;
    if (popped === undefined) {
      await users.add(name, proofs, shown);
    } else {
      const { usual, recent } = poppedViews(shown, popped, runtime);
      await users.add(name, proofs, usual);
      await users.add(`recent:${name}`, proofs, recent);
    }
  }
  return { users, inMemory };
}

function secretOf(given: Secret | string | undefined): Secret | undefined {
  return typeof given === 'string' ? new Secret(given) : given;
}
