/**
 * `mailferry/client`: a POP3 client (RFC 1939, 2449, 2595, 5034) that streams, checks certificates, bounds
 * everything a server can do, and does not let a command be called in the wrong state.
 */
export { type ErrorCode, MailError } from '../errors.ts';
export type { Capabilities } from '../pop3/capabilities.ts';
export type { DropListing, MessageNumber, Octets, ScanRow, UniqueId } from '../pop3/types.ts';
export { parseMessageNumber } from '../pop3/types.ts';
export { Secret } from '../secret.ts';
export type { Dial, DialOptions } from '../wire/dial.ts';
export { WireError } from '../wire/errors.ts';
export type { Transcript } from '../wire/transcript.ts';
export type { ClientCertificate } from '../wire/trust.ts';
export type { Tunnel } from '../wire/tunnel.ts';
export { Authorization, type TlsUpgrade } from './authorization.ts';
export type { LineSecrecy, Mechanism } from './choose-mechanism.ts';
export { ReplyError } from './errors.ts';
export type { MessageBody } from './given-body.ts';
export type { OnSize, OnUniqueId } from './listing-row.ts';
export { connect, openSession } from './open-session.ts';
export type {
  AuthChoice,
  ConnectOptions,
  LineOptions,
  SessionOptions,
  SessionTimeouts,
  SessionWatch,
  TlsMode,
} from './options.ts';
export { type PopUrl, parsePopUrl } from './pop-url.ts';
export { type ListedUniqueId, Transaction } from './transaction.ts';
