import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readMaildir } from '../../support/dovecot.ts';
import type { ClientKind, ClientTask } from './kind.ts';

/** Programs whose job is the same as that of Mailferry. */

const mpopLike = (pipelining: 'on' | 'off'): ClientKind => ({
  title: `mpop 1.4, pipelining ${pipelining}`,
  debianPackage: 'mpop',
  program: 'mpop',
  tls: ['none', 'starttls', 'implicit'],
  mechanisms: [
    ['user', 'USER'],
    ['apop', 'APOP'],
    ['plain', 'AUTH PLAIN'],
    ['login', 'AUTH LOGIN'],
    ['cram-md5', 'AUTH CRAM-MD5'],
    ['scram-sha-1', 'AUTH SCRAM-SHA-1'],
    ['scram-sha-256', 'AUTH SCRAM-SHA-256'],
  ],
  cannot: [],
  prepare: async (task) => {
    const { folder, host, port, tls, caFile, user, password, keep } = task;
    // By itself it logs in without TLS only where the password stays hidden.
    const { auth = tls === 'none' ? 'plain' : 'on' } = task;
    const path = await makeMaildir(folder);
    const lines = [
      `account default\nhost ${host}\nport ${port}\nuser ${user}\npassword "${password}"\nauth ${auth}`,
      tls === 'none'
        ? 'tls off'
        : `tls on\ntls_starttls ${tls === 'starttls' ? 'on' : 'off'}\ntls_trust_file ${caFile}`,
      `pipelining ${pipelining}\nkeep ${keep ? 'on' : 'off'}\nreceived_header off`,
      `uidls_file ${join(folder, 'uidls')}\ndelivery maildir ${path}\n`,
    ];
    return ['mpop', '-C', await writePrivately(task, 'mpoprc', lines.join('\n'))];
  },
  delivered: deliveredToMaildir,
});

const fetchmail: ClientKind = {
  title: 'fetchmail 6.4',
  debianPackage: 'fetchmail',
  program: 'fetchmail',
  tls: ['none', 'starttls', 'implicit'],
  mechanisms: [
    ['password', 'USER'],
    ['apop', 'APOP'],
    ['cram-md5', 'AUTH CRAM-MD5'],
  ],
  cannot: [],
  prepare: async (task) => {
    const { folder, host, port, tls, caFile, user, password, auth = 'password', keep } = task;
    const encryption = {
      none: "sslproto ''",
      starttls: `sslproto 'TLS1.2+' sslcertck sslcertfile "${caFile}"`,
      implicit: `ssl sslcertck sslcertfile "${caFile}"`,
    };
    const protocol = auth === 'apop' ? 'protocol APOP' : `protocol POP3 auth ${auth}`;
    const control =
      `poll ${host} ${protocol} port ${port} uidl user "${user}" password "${password}" ` +
      `${keep ? 'keep' : 'nokeep'} no rewrite ${encryption[tls]} mda "${await mailDeliverer(folder)}"\n`;
    const file = await writePrivately(task, 'fetchmailrc', control);
    const state = ['-i', join(folder, 'fetchids'), '--pidfile', join(folder, 'fetchmail.pid')];
    return ['fetchmail', '-f', file, ...state, '--nodetach', '--silent', '--invisible'];
  },
  delivered: deliveredAsFiles,
};

const getmail: ClientKind = {
  title: 'getmail 6.18',
  debianPackage: 'getmail6',
  program: 'getmail',
  tls: ['none', 'implicit'],
  mechanisms: [['apop', 'APOP']],
  cannot: ['knows no STLS'],
  prepare: async (task) => {
    const { folder, host, port, tls, caFile, user, password, auth, keep } = task;
    const type = tls === 'implicit' ? 'SimplePOP3SSLRetriever' : 'SimplePOP3Retriever';
    const trust = tls === 'implicit' ? `ca_certs = ${caFile}\n` : '';
    const configuration = `[retriever]
type = ${type}
server = ${host}
port = ${port}
username = ${user}
password = ${password}
use_apop = ${auth === 'apop'}
${trust}
[destination]
type = MDA_external
path = /bin/sh
arguments = ("-c", "${await mailDeliverer(folder)}")
allow_root_commands = true
[options]
read_all = false
delete = ${keep ? 'false' : 'true'}
received = false
delivered_to = false
`;
    const file = await writePrivately(task, 'getmailrc', configuration);
    return ['getmail', `--getmaildir=${folder}`, `--rcfile=${file}`, '--quiet'];
  },
  delivered: deliveredAsFiles,
  without: /^Return-Path: <unknown>\n/,
};

const fdm: ClientKind = {
  title: 'fdm 1.9',
  debianPackage: 'fdm',
  program: 'fdm',
  tls: ['none', 'implicit'],
  mechanisms: [],
  cannot: ['knows no STLS', 'cannot be given an authority, so that it is told not to verify'],
  prepare: async (task) => {
    const { folder, host, port, tls, user, password, keep } = task;
    const path = await makeMaildir(folder);
    const remember = keep ? `new-only cache "${join(folder, 'cache')}" keep` : '';
    const configuration = `set default-user "root"
set lock-file "${join(folder, 'fdm.lock')}"
set no-received
account "a" ${tls === 'implicit' ? 'pop3s' : 'pop3'} server "${host}" port ${port} user "${user}" pass "${password}" ${remember} ${tls === 'implicit' ? 'no-verify' : ''}
action "deliver" maildir "${path}"
match all action "deliver"
`;
    return ['fdm', '-q', '-f', await writePrivately(task, 'fdm.conf', configuration), 'fetch'];
  },
  delivered: deliveredToMaildir,
};

export const FETCHERS: readonly ClientKind[] = [mpopLike('on'), mpopLike('off'), fetchmail, getmail, fdm];

async function writePrivately({ folder }: ClientTask, name: string, content: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content, { mode: 0o600 });
  return path;
}

async function makeMaildir(folder: string): Promise<string> {
  const path = join(folder, 'Maildir');
  for (const name of ['', 'cur', 'new', 'tmp']) {
    await mkdir(join(path, name), { recursive: true, mode: 0o700 });
  }
  return path;
}

function deliveredToMaildir(folder: string): Promise<Buffer[]> {
  return readMaildir(join(folder, 'Maildir'));
}

/** A command that writes each message to a file of its own. */
async function mailDeliverer(folder: string): Promise<string> {
  await mkdir(join(folder, 'files'), { recursive: true });
  return `cat >$(mktemp ${join(folder, 'files')}/XXXXXXXX)`;
}

async function deliveredAsFiles(folder: string): Promise<Buffer[]> {
  const names = await readdir(join(folder, 'files'));
  return Promise.all(names.map((name) => readFile(join(folder, 'files', name))));
}
