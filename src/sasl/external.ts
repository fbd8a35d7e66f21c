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

/** EXTERNAL (RFC 4422 appendix A): the certificate of the client is the proof, its message only the name. */
export function externalClient({ user }: Pick<ClientMeans, 'user'>): ClientExchange {
  assertWithout(/\0/, user);
  return new SingleMessage('EXTERNAL', Buffer.from(user));
}

/** The server's side: the name in the message, where there is one, must be that of the certificate. */
export function externalServer({ certifiedUser }: ServerMeans): ServerExchange {
  return {
    respond: (response) => {
      if (response === undefined) return EMPTY_CHALLENGE;
      const identity = textOf(response);
      if (identity === undefined || identity.includes('\0')) return MALFORMED;
      if (certifiedUser === undefined) return WRONG_CREDENTIALS;
      return verdict(certifiedUser, identity === '' || identity === certifiedUser);
    },
  };
}
