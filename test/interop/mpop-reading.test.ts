import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { beforeEach, expect, test } from 'vitest';
import { mpopStateFile, translateMpop } from '../../src/peers/mpop-accounts.ts';
import { parseMpopRc } from '../../src/peers/mpop-rc.ts';
import { findProgram, requirePrograms } from '../support/programs.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** What an mpoprc means to mpop itself, by its own word, it means to the import. */

beforeEach(requirePrograms('mpop'));

interface Entry {
  readonly host: string | undefined;
  readonly port: string | undefined;
  readonly user: string | undefined;
  readonly keep: boolean;
  readonly memory: string | undefined;
}

/** Every account as `mpop --pretend` shows it. */
async function byMpop(text: string): Promise<readonly Entry[]> {
  await using folder = await temporaryFolder();
  await writeFile(folder.at('rc'), text, { mode: 0o600 });
  const env = { PATH: process.env['PATH'], HOME: '/home/me' };
  const shown = spawnSync(findProgram('mpop') ?? '', ['-C', folder.at('rc'), '--pretend', '-a'], {
    env,
    encoding: 'utf8',
  });
  expect({ status: shown.status, said: shown.stderr }).toEqual({ status: 0, said: '' });
  return shown.stdout
    .split(/^using account /m)
    .slice(1)
    .map((account) => {
      const value = (name: string): string | undefined =>
        new RegExp(`^${name} = (.*)$`, 'm').exec(account)?.[1];
      return {
        host: value('host'),
        port: value('port'),
        user: value('user'),
        keep: value('keep') === 'on',
        memory: value('uidls file'),
      };
    });
}

function byImport(text: string): readonly Entry[] {
  const rc = parseMpopRc(text);
  return translateMpop(rc, { folder: '/home/me', localUser: 'me' }).map((account, index) => ({
    host: account.host,
    port: String(account.port ?? (account.tls === 'implicit' ? 995 : 110)),
    user: account.user,
    keep: account.deletion === 'never',
    memory: rc.accounts[index] && mpopStateFile(rc.accounts[index]).replace('~', '/home/me'),
  }));
}

const REST = 'password p\ndelivery mbox ~/i\n';

test.each([
  `account a\nhost h\nuser u\n${REST}`,
  `defaults\nport 1995\ntls on\ntls_starttls off\nkeep on\n\naccount a\nhost h\nuser "quoted user"\n${REST}account b : a\nuser o\nkeep off\naccount c:b\nuser t\n  host   two   \nport 12\n`,
  `account a\r\nhost h\r\nuser u\r\n${REST.replaceAll('\n', '\r\n')}`,
  `account a\nhost h\nuser "u"x"\n${REST}`,
  `account a\nhost h\nuser u # no comment\n${REST}`,
  `account a\nhost h\nuser\tu\nkeep\ntls\ntls_starttls\n${REST}`,
  `account a\nhost h\nuser u\ntls on\n${REST}account b : a\ntls off\nhost g\n`,
  `account a\nhost h\nuser u\n${REST}account b : a\nuser x\naccount c : a, b\nport 99\n`,
  `defaults\nkeep on\naccount a\nhost h\nuser u\n${REST}defaults\nkeep off\naccount b\nhost g\nuser v\n${REST}account c : a\nuser w\n`,
  `defaults\nkeep off\nport 5\naccount a\nhost h\nuser u\n${REST}defaults\nkeep on\naccount c : a\nuser w\n`,
  `account "a b"\nhost h\nuser u\n${REST}`,
  `account a\nhost h\nuser u\nhost g\n${REST}`,
  `  account default\n  host h\n  user u\n  uidls_file "~/x/%H/%U"\n  ${REST}`,
])('%j', async (text) => {
  expect(byImport(text)).toEqual(await byMpop(text));
});
