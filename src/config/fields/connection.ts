import { isIP } from 'node:net';
import * as z from 'zod';
import { asMailError } from '../../errors.ts';
import { type PopUrl, parsePopUrl } from '../../pop3-client/pop-url.ts';
import { Secret } from '../../secret.ts';
import { parsePin } from '../../wire/pin.ts';
import { parseProxyUrl } from '../../wire/proxy.ts';
import { quoted } from '../found.ts';
import { wrongHost } from '../host.ts';
import { command, expectedSecret, expectedText, type Fields, mapping, path } from './kinds.ts';

/** The keys of an account that say how the line to the server is made. Paths are as they were written. */
export interface ConnectionSettings {
  readonly url?: PopUrl;
  readonly caFile?: string;
  readonly serverName?: string;
  readonly pinSha256?: string;
  readonly clientCertificate?: ClientCertificateSettings;
  /** The whole URL, since it may hold a password. */
  readonly proxy?: Secret;
  readonly tunnel?: string | readonly string[];
  readonly preconnect?: string | readonly string[];
  readonly sourceAddress?: string;
  readonly language?: string;
}

export interface ClientCertificateSettings {
  readonly certFile: string;
  readonly keyFile: string;
}

const URL_TEXT = 'a URL such as pops://me%40example.org@pop.example.org';
const url = () =>
  z
    .string(expectedSecret(URL_TEXT))
    .transform((written, context): PopUrl => readOr(() => parsePopUrl(written), context));

const SERVER_NAME = 'the name that the certificate must hold';
const serverName = () =>
  z.string(expectedText(SERVER_NAME)).superRefine((written, context) => {
    if (wrongHost(written) !== undefined)
      context.addIssue(`expected ${SERVER_NAME}, found ${quoted(written)}`);
  });

const PIN = 'a SHA-256 as 64 hexadecimal digits, with or without colons';
const pin = () =>
  z.string(expectedText(PIN)).superRefine((written, context) => {
    if (parsePin(written) === undefined) context.addIssue(`expected ${PIN}, found ${quoted(written)}`);
  });

const CLIENT_CERTIFICATE = '{ certFile: …, keyFile: … }';
const clientCertificate = () =>
  mapping(CLIENT_CERTIFICATE, {
    certFile: path('the path of a file with a certificate').meta({
      description: 'File with the certificate (PEM), and those between it and its authority.',
    }),
    keyFile: path('the path of a file with a key').meta({
      description:
        'File with its key (PEM, not encrypted), which other users must not be able to read. It may be the same file.',
    }),
  });

const PROXY = 'a URL such as socks5://127.0.0.1:1080 or http://proxy.example.org:3128';
const proxy = () =>
  z.string(expectedSecret(PROXY)).transform((written, context): Secret => {
    readOr(() => parseProxyUrl(written), context);
    return new Secret(written);
  });

const ADDRESS = 'an IPv4 or IPv6 address of this machine';
const sourceAddress = () =>
  z.string(expectedText(ADDRESS)).superRefine((written, context) => {
    if (isIP(written) === 0) context.addIssue(`expected ${ADDRESS}, found ${quoted(written)}`);
  });

const LANGUAGE = 'the tag of a language, such as de or en-GB';
const language = () =>
  z.string(expectedText(LANGUAGE)).regex(/^[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*$/, expectedText(LANGUAGE));

/** Raises as an issue what a parser has to say, which never quotes what it read. */
function readOr<T>(read: () => T, context: z.core.$RefinementCtx): T {
  try {
    return read();
  } catch (thrown) {
    const { message, hint = '' } = asMailError(thrown);
    context.addIssue(`${message} ${hint}`);
    return z.NEVER;
  }
}

/** Every such key, with its kind and what it means. */
export const connectionFields: Fields<ConnectionSettings> = {
  url: () =>
    url().meta({
      title: 'URL',
      description:
        'In place of `host`, `port`, `user`, `auth` and `tls`: `pops://USER@HOST` (TLS from the first octet) or ' +
        '`pop://USER;AUTH=MECHANISM@HOST:PORT` (RFC 2384; `starttls` unless `tls` says otherwise). An `@` in the user is ' +
        '`%40`. A password has no place in it.',
    }),
  caFile: () =>
    path('the path of a file with certificates').meta({
      description:
        'File with certificates (PEM) that are trusted in addition to the usual ones, for a server with a certificate of its ' +
        'own. It is read again when it has changed. The usual ones are those of Node (Mozilla’s) and those of the system, such as `/etc/ssl/certs/ca-certificates.crt`.',
    }),
  serverName: () =>
    serverName().meta({
      title: 'text',
      description: 'Name that the certificate must hold, where that is not `host`.',
    }),
  pinSha256: () =>
    pin().meta({
      title: 'text',
      description:
        'SHA-256 of the server’s certificate, as `openssl x509 -noout -fingerprint -sha256` prints it. Exactly this ' +
        'certificate is then taken, whoever has signed it: its signer, names and dates count no more, and a new ' +
        'certificate needs a new pin.',
    }),
  clientCertificate: () =>
    clientCertificate().meta({
      description:
        'Certificate to show to a server that asks for it. `auth: external` stands on it. Its files are read again when they have changed.',
    }),
  proxy: () =>
    proxy().meta({
      title: 'URL',
      description:
        'Proxy to connect through: `socks5://HOST:PORT` or `http://HOST:PORT` (CONNECT), with `USER:PASSWORD@` where it ' +
        'wants them. It looks the host up. Variables such as `$ALL_PROXY` are not read.',
    }),
  tunnel: () =>
    command().meta({
      title: 'text or list',
      description:
        'Command whose input and output are the line to the server, such as `ssh -W %h:%p gateway`; `%h` is the host, `%p` the port, `%%` a percent sign. ' +
        'Text goes through `/bin/sh`, a list runs without a shell. `tls` is spoken inside it.',
    }),
  preconnect: () =>
    command().meta({
      title: 'text or list',
      description:
        'Command that runs right before each connection and opens the way, such as one that starts a VPN; also for `doctor` and `fetch --dry-run`, ' +
        'which connect, too. Text goes through `/bin/sh`, a list runs without a shell. `$MAILFERRY_ACCOUNT`, `$MAILFERRY_HOST` and ' +
        '`$MAILFERRY_PORT` say what for. Any status but 0 fails the poll; `timeouts.preconnect` is its limit.',
    }),
  sourceAddress: () =>
    sourceAddress().meta({
      title: 'address',
      description: 'Address of this machine to connect from.',
    }),
  language: () =>
    language().meta({
      title: 'text',
      description:
        'Language in which the server is to give its reasons, such as `de`, where it can (RFC 6856).',
    }),
};
