import { expect } from 'vitest';
import { ERR, OK, type Rule, reentered } from './visit.ts';

const LONG = 'x'.repeat(240);

/** Every command, alone and with an argument as long as a line may be; what these begin is taken back. */
const COMMANDS = [
  ...'CAPA STLS UTF8 LANG USER PASS APOP AUTH STAT LIST UIDL RETR TOP DELE RSET NOOP QUIT XYZZY'.split(' '),
  ...'CAPA STLS UTF8 LANG USER APOP AUTH STAT LIST UIDL RETR TOP DELE RSET NOOP QUIT XYZZY'
    .split(' ')
    .map((keyword) => `${keyword} ${LONG}`),
  ...['LIST', 'UIDL', 'RETR', 'DELE', 'TOP 1'].map((keyword) => `${keyword} ${'9'.repeat(240)}`),
  `USER ${LONG}\r\nPASS ${LONG}`,
  `APOP ${LONG} x`,
  `AUTH PLAIN ${LONG}`,
  'AUTH PLAIN\r\n*',
  'LIST 1',
  'UIDL 1',
  'RETR 1',
  'TOP 1 9',
  'DELE 1\r\nDELE 1\r\nRSET',
];

export function describeLines(rule: Rule): void {
  // RFC 1939 §4 [greeting]
  // RFC 1939 §3 [status-indicator]
  rule('the greeting is one positive line', async (visit) => {
    const client = await visit.connected();
    client.send('QUIT\r\n');
    const lines = (await client.rest()).toString('latin1').split('\r\n');
    expect(lines).toHaveLength(3);
    expect(lines[0]).toMatch(OK);
  });

  // RFC 1939 §3 [keyword-case]
  rule('keywords count in any case', async (visit) => {
    const client = await visit.greeted();
    expect(await client.command(`uSeR ${visit.user}`)).toMatch(OK);
    expect(await client.command('pass secret')).toMatch(OK);
    expect(await client.command('sTaT')).toMatch(OK);
  });

  // RFC 1939 §3 [response-length]
  rule('no response line has more than 512 octets, whatever the command', async (visit) => {
    for (const enter of [() => visit.greeted(), () => reentered(visit)]) {
      for (const command of COMMANDS) {
        const client = await enter();
        client.send(`${command}\r\nQUIT\r\n`);
        client.end();
        const lines = (await client.rest()).toString('latin1').split('\r\n');
        expect([command, lines[0]]).toEqual([command, expect.stringMatching(/^(\+OK|-ERR|\+ )/)]);
        expect([command, lines.filter((line) => line.length > 510)]).toEqual([command, []]);
      }
    }
  });

  // RFC 1939 §3 [unknown-command]
  rule('what is no command is answered with -ERR, and the session goes on', async (visit) => {
    const client = await visit.entered();
    for (const command of ['XYZZY', '', ' STAT', 'STATS', 'RETR', 'RETR x', 'DELE', 'TOP', 'TOP 1']) {
      expect([command, await client.command(command)]).toEqual([command, expect.stringMatching(ERR)]);
    }
    expect(await client.command('STAT')).toMatch(OK);
  });

  // RFC 2449 §4 [command-length]
  rule('a command line of 255 octets is read', async (visit) => {
    const client = await visit.greeted();
    expect(await client.command(`USER ${'x'.repeat(248)}`)).toMatch(/^(\+OK|-ERR)/);
    expect(await client.logIn(visit.user)).toMatch(OK);
  });

  // RFC 1939 §3 [byte-stuffing, termination]
  rule('dots are doubled at the beginning of lines, and a lone dot ends the response', async (visit) => {
    const client = await visit.entered();
    expect(await client.command('RETR 2')).toMatch(OK);
    expect((await client.body()).toString()).toBe('Subject: dots\r\n\r\n..\r\n...\r\n..x\r\nend\r\n.\r\n');
  });

  // RFC 2449 §6.6 [pipelining]
  rule('commands that come in one segment are answered in their order', async (visit) => {
    const client = await visit.entered();
    client.send('NOOP\r\nLIST 2\r\nXYZZY\r\nUIDL 9\r\nSTAT\r\nQUIT\r\n');
    const replies = (await client.rest()).toString('latin1').trimEnd().split('\r\n');
    expect(replies.map((line) => line.split(' ')[0])).toEqual(['+OK', '+OK', '-ERR', '-ERR', '+OK', '+OK']);
    expect(replies[1]).toMatch(/^\+OK 2 /);
  });

  // RFC 2449 §6.6 [pipelining]
  rule('a session is the same in one segment, octet by octet and cut anywhere', async (visit) => {
    const login = `USER ${visit.user}\r\npass secret\r\n`;
    const session = `${login}stat\r\nbogus\r\nlist 2\r\ndele 1\r\ndele 1\r\nrset\r\nnoop\r\nquit\r\n`;
    const signs = async (pieces: readonly string[]): Promise<string> => {
      const client = await visit.connected();
      for (const piece of pieces) {
        client.send(piece);
        // The next piece goes out when the server has had a turn.
        await new Promise((resolve) => setImmediate(resolve));
      }
      const replies = (await client.rest()).toString('latin1').trimEnd().split('\r\n');
      return replies.map(([sign]) => sign).join('');
    };
    expect(await signs([session])).toBe('++++-++-+++');
    expect(await signs(Array.from(session))).toBe('++++-++-+++');
    for (const at of [3, login.length - 1, login.length + 3, login.length + 5, session.length - 1]) {
      expect(await signs([session.slice(0, at), session.slice(at)])).toBe('++++-++-+++');
    }
  });
}

export function describeStates(rule: Rule): void {
  // RFC 1939 §3 [wrong-state]
  rule('commands of the TRANSACTION state are refused before the login', async (visit) => {
    const client = await visit.greeted();
    // Some hang up after a few bad commands.
    expect(await client.command('STAT')).toMatch(ERR);
    expect(await client.command('RETR 1')).toMatch(ERR);
    expect(await client.logIn(visit.user)).toMatch(OK);
  });

  // RFC 1939 §3 [wrong-state]
  // RFC 5034 §4 [auth-once]
  rule('commands of the AUTHORIZATION state are refused after the login', async (visit) => {
    const client = await visit.entered();
    for (const command of ['USER x', 'PASS x', 'AUTH PLAIN', 'APOP x y']) {
      expect([command, await client.command(command)]).toEqual([command, expect.stringMatching(ERR)]);
    }
    expect(await client.command('STAT')).toMatch(OK);
  });

  // RFC 1939 §4 [quit-before-login]
  rule('QUIT before the login ends the session', async (visit) => {
    const client = await visit.greeted();
    client.send('QUIT\r\nNOOP\r\n');
    expect(await client.line()).toMatch(OK);
    expect(await client.rest()).toHaveLength(0);
  });

  // RFC 1939 §4 [exclusive-lock, lock-refused]
  // RFC 2449 §8.1.2 [in-use]
  rule(
    'a second session is refused with IN-USE while the first has the maildrop, and let in afterwards',
    async (visit) => {
      const first = await visit.entered();
      const second = await visit.greeted();
      expect(await second.logIn(visit.user)).toMatch(/^-ERR \[IN-USE\]/i);
      await first.command('QUIT');
      expect(await second.logIn(visit.user)).toMatch(OK);
    },
  );
}

export function describeLogin(rule: Rule): void {
  // RFC 1939 §7 [pass-after-user]
  rule('PASS is refused without USER before it', async (visit) => {
    const client = await visit.greeted();
    expect(await client.command('PASS secret')).toMatch(ERR);
    expect(await client.logIn(visit.user)).toMatch(OK);
  });

  // RFC 1939 §7 [user-unknown]
  // RFC 3206 §4 [auth-code]
  rule('a stranger and a wrong password are refused alike, and only at PASS', async (visit) => {
    const client = await visit.greeted();
    expect(await client.command('USER nobody')).toMatch(OK);
    const stranger = await client.command('PASS secret');
    expect(stranger).toMatch(/^-ERR \[AUTH\]/i);
    expect(await client.command(`USER ${visit.user}`)).toMatch(OK);
    expect(await client.command('PASS wrong')).toBe(stranger);
  });
}
