import {
  assertWithout,
  type ClientExchange,
  type ClientMeans,
  EMPTY_CHALLENGE,
  MALFORMED,
  type ServerExchange,
  type ServerMeans,
  SingleMessage,
  textOf,
  verdict,
  WRONG_CREDENTIALS,
} from './exchange.ts';

/** PLAIN (RFC 4616 §2): name and password in one message. Shows the password to the line. */
export function plainClient({ user, secret }: ClientMeans): ClientExchange {
  const password = secret.reveal();
  assertWithout(/\0/, user, password);
  return new SingleMessage('PLAIN', Buffer.from(['', user, password].join('\0')));
}

/** A client may act for nobody but itself: an authorization identity must be empty or the user's own name. */
export function plainServer(means: ServerMeans): ServerExchange {
  return {
    respond: async (response) => {
      if (response === undefined) return EMPTY_CHALLENGE;
      const parts = textOf(response)?.split('\0') ?? [];
      const [identity, user, password] = parts;
      if (parts.length !== 3 || user === undefined || password === undefined) return MALFORMED;
      if (user === '') return MALFORMED;
      if (identity !== '' && identity !== user) return WRONG_CREDENTIALS;
      return verdict(user, await means.verifyPassword(user, password));
    },
  };
}
