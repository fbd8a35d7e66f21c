import {
  type ClientExchange,
  type ClientMeans,
  MALFORMED,
  type ServerExchange,
  type ServerMeans,
  textOf,
  unusableChallenge,
  verdict,
} from './exchange.ts';

/**
 * LOGIN, a mechanism without an RFC that old servers of Microsoft and others have: two questions, the name and the
 * password for answers. What the questions say differs from server to server. Shows the password to the line.
 */
export function loginClient({ user, secret }: ClientMeans): ClientExchange {
  return new LoginClient([user, secret.reveal()]);
}

class LoginClient implements ClientExchange {
  readonly initial = undefined;
  readonly refusal = undefined;
  readonly #answers: string[];

  constructor(answers: readonly string[]) {
    this.#answers = [...answers];
  }

  get complete(): boolean {
    return this.#answers.length === 0;
  }

  respond(): Buffer {
    const answer = this.#answers.shift();
    if (answer === undefined) throw unusableChallenge('LOGIN', 'asked a third time');
    return Buffer.from(answer);
  }
}

/** Clients that send the name as an initial response are understood, as other servers do. */
export function loginServer(means: ServerMeans): ServerExchange {
  let user: string | undefined;
  return {
    respond: async (response) => {
      if (response === undefined) return { kind: 'challenge', challenge: Buffer.from('Username:') };
      const text = textOf(response);
      if (text === undefined) return MALFORMED;
      if (user !== undefined) return verdict(user, await means.verifyPassword(user, text));
      if (text === '') return MALFORMED;
      user = text;
      return { kind: 'challenge', challenge: Buffer.from('Password:') };
    },
  };
}
