import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { beforeEach, expect, test } from 'vitest';
import { translateFetchmail } from '../../src/peers/fetchmail-accounts.ts';
import { parseFetchmailRc } from '../../src/peers/fetchmail-rc.ts';
import { findProgram, requirePrograms } from '../support/programs.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** What a fetchmailrc means to fetchmail itself, by its own word, it means to the import. */

beforeEach(requirePrograms('fetchmail', 'python3'));

interface Entry {
  readonly host: string;
  readonly port: string | undefined;
  readonly user: string;
  readonly password: string | undefined;
  readonly keep: boolean;
  readonly ssl: boolean;
  readonly skip: boolean;
}

/** As `fetchmail --configdump` has it, which prints Python. */
interface Dump {
  readonly servers: readonly {
    readonly pollname: string;
    readonly via: string | null;
    readonly service: string | null;
    readonly active: number;
    readonly users: readonly {
      readonly remote: string;
      readonly password: string | null;
      readonly keep: number;
      readonly ssl: number;
    }[];
  }[];
}

const TO_JSON =
  'import json, sys; g = {"TRUE": True, "FALSE": False}; exec(sys.stdin.read(), g); print(json.dumps(g["fetchmailrc"]))';

async function byFetchmail(text: string): Promise<readonly Entry[]> {
  await using folder = await temporaryFolder();
  await writeFile(folder.at('rc'), text, { mode: 0o600 });
  const env = { PATH: process.env['PATH'], HOME: folder.path };
  const dump = spawnSync(findProgram('fetchmail') ?? '', ['-f', folder.at('rc'), '--configdump'], { env });
  const json = spawnSync('python3', ['-c', TO_JSON], { input: dump.stdout, encoding: 'utf8' });
  expect({ status: json.status, said: json.stderr }).toEqual({ status: 0, said: '' });
  return (JSON.parse(json.stdout) as Dump).servers.flatMap(({ users, ...server }) =>
    users.map((user) => ({
      host: server.via ?? server.pollname,
      port: server.service ?? undefined,
      user: user.remote,
      password: user.password ?? undefined,
      keep: user.keep === 1,
      ssl: user.ssl === 1,
      skip: server.active === 0,
    })),
  );
}

function byImport(text: string): readonly Entry[] {
  return translateFetchmail(parseFetchmailRc(text), { folder: '/tmp', localUser: 'root' }).map((account) => ({
    host: account.host,
    port: account.port === undefined ? undefined : String(account.port),
    user: account.user,
    password: account.password?.from === 'text' ? account.password.value.reveal() : undefined,
    keep: account.deletion === 'never',
    ssl: account.tls === 'implicit',
    skip: account.disabled !== undefined,
  }));
}

test.each([
  String.raw`poll h proto pop3 user "a" pass "p\x41ss \065 \t!" keep`,
  String.raw`poll h proto pop3 user "a" pass "x\"y" keep`,
  String.raw`poll h proto pop3 user 'a' pass 'x\\y' keep`,
  String.raw`poll h proto pop3 user a\tb pass x\ty keep`,
  'poll h proto pop3 user "a" pass "x\\\ny" keep',
  'poll h proto pop3 user "a" pass "x\ny" keep',
  'poll h proto pop3 user a pass x#y keep # pass "z"',
  'poll h proto pop3, user a: pass b; keep',
  'poll h proto pop3 user 12 pass "034" keep',
  "poll h proto pop3 user a pass 'keep' nokeep",
  'poll h with proto pop3 and port 1110 user a there with password b is c here options keep ssl',
  'defaults proto pop3 port 1110 user d keep\npoll h user a pass b\npoll g user c pass d nokeep',
  'defaults proto pop3 user is root here keep\npoll h pass b\npoll g user c pass d nokeep',
  'defaults proto pop3 user d there is e here keep\npoll h pass b\npoll g user x=y * z here pass d',
  'defaults proto pop3 keep ssl\npoll h user a pass b user c pass d no keep no ssl',
  'skip h via r proto pop3 user a pass b fetchall',
  'poll h proto pop3 user a is x y=z * here pass b keep',
  "poll h\nproto pop3\nuser a\npass b\nlimit 5000 fetchlimit 3 batchlimit 2 expunge 9 keep flush\nsslproto ''",
  'poll h proto pop3 timeout 20 interval 3 user a pass b keep',
  "poll h proto POP3 auth password user a pass b keep sslproto 'tls1.2+'",
  'poll h proto pop3 authenticate any user auth password password keep',
  'poll h proto APOP user a pass b keep',
  'set daemon 300\nset idfile /tmp/ids\nset syslog\nset no bouncemail\npoll h proto pop3 user a pass b keep',
  'poll h proto pop3 plugin "ssh %h nc %h %p" user a pass b preconnect "x y" postconnect \'z\' keep',
  'poll h protocol pop3 username a password b smtphost x/25 mda "/bin/mda -d %T" fetchdomains x keep',
  'poll h proto pop3 user a pass b keep\r\npoll g proto pop3 user c pass d\r\n',
  'poll h proto pop3 user a pass b\tkeep # "unclosed\n# \'x\npoll g proto pop3 user c pass d',
  'poll h proto pop3 no dns checkalias aka x y localdomains z user a pass b keep',
  'poll h proto pop3 envelope 2 "X-To" qvirtual "p-" user a pass b keep warnings 3600 pass8bits mimedecode',
  'poll h proto pop3 port 995 user a pass b ssl sslcertck sslcertfile /x sslfingerprint "AA:BB" sslcert c sslkey k keep',
  'server h protocol pop3 user a password b keep',
  'poll h proto pop3 user a pass "" keep',
  'poll h proto pop3 service 1110 user a pass b keep',
])('%j', async (text) => {
  expect(byImport(`${text}\n`)).toEqual(await byFetchmail(`${text}\n`));
});
