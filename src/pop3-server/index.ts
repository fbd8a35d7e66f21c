/**
 * A POP3 server for tests and demonstrations (RFC 1939, RFC 2449, RFC 2595, RFC 5034), with scripted faults:
 *
 *     await using server = await createServer({ users: { alice: { password: 'secret', messages: ['…'] } } });
 *     const { host, port } = server.address;
 */
export { type ErrorCode, MailError } from '../errors.ts';
export type { Runtime } from '../runtime.ts';
export { Secret } from '../secret.ts';
export type { Observe, ServerEvent } from './events.ts';
export type { Fault, Faults } from './faults.ts';
export { FilesMaildrop } from './files-maildrop.ts';
export type { Maildrop, Messages, ReportTrouble, StoredMessage } from './maildrop.ts';
export { type AddOptions, MemoryMaildrop } from './memory-maildrop.ts';
export type { ServerLimits, ServerOptions, ServerUser, Utf8Mode } from './options.ts';
export { parseFaults } from './parse-faults.ts';
export { PERSONALITIES, type PersonalityName } from './personalities/index.ts';
export type { Personality, Popped, Sourced, Texts } from './personality.ts';
export { createServer, type Pop3Server, type ServerAddress } from './server.ts';
export type { TlsKeyPair } from './wrap-tls.ts';
