import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { asMailError } from '../../src/errors.ts';
import { runNoticeCommand } from '../../src/notices/command.ts';
import { lineTrouble } from '../../src/notices/not-sent.ts';
import type { Notice } from '../../src/notices/notice.ts';
import { sendPing } from '../../src/notices/ping.ts';
import { sendNotice } from '../../src/notices/send.ts';
import { type NoticeTarget, targetName } from '../../src/notices/targets.ts';
import { Secret } from '../../src/secret.ts';
import { rawPeer } from '../support/raw-peer.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const NOTICE: Notice = {
  kind: 'failing',
  account: 'work',
  title: 'wörk: 3 polls have failed',
  text: 'It failed. Do that.',
  bad: true,
  at: Date.UTC(2026, 0, 2),
};
const CONTEXT = {
  hostName: 'ferry.example',
  env: { PATH: process.env['PATH'], PASSWORD: 'hunter2', LANG: 'C' },
};

const secret = (value: string) => (): Promise<Secret> => Promise.resolve(new Secret(value));

interface Request {
  readonly url: string | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** A web server that answers everything with that status, and keeps it. */
async function webServer(status = 200): Promise<AsyncDisposable & { url: string; requests: Request[] }> {
  const requests: Request[] = [];
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      requests.push({ url: request.url, headers: request.headers, body });
      return response.writeHead(status, { location: 'http://127.0.0.1:1/' }).end('thanks');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

async function failureOf(sending: Promise<void>): Promise<string> {
  return sending.then(
    () => expect.fail('it was sent'),
    (thrown: unknown) => asMailError(thrown).message,
  );
}

describe('a webhook', () => {
  it('gets the notice as JSON', async () => {
    await using web = await webServer();
    await sendNotice({ type: 'webhook', url: secret(`${web.url}/hook?token=x`) }, NOTICE, CONTEXT);
    const [request] = web.requests;
    expect(request?.url).toBe('/hook?token=x');
    expect(JSON.parse(request?.body ?? '')).toEqual({
      kind: 'failing',
      account: 'work',
      title: 'wörk: 3 polls have failed',
      text: 'It failed. Do that.',
      bad: true,
      at: '2026-01-02T00:00:00.000Z',
      host: 'ferry.example',
    });
  });

  it.each([500, 404, 302])(
    'that answers with status %i has not taken it; the URL is not told',
    async (status) => {
      await using web = await webServer(status);
      const target: NoticeTarget = { type: 'webhook', url: secret(`${web.url}/hunter2`) };
      const message = await failureOf(sendNotice(target, NOTICE, CONTEXT));
      expect(message).toMatch(/^The server (answered with status|cannot be reached)/);
      expect(message + targetName(target)).not.toContain('hunter2');
      expect(web.requests).toHaveLength(1);
    },
  );

  it('that is not there has not taken it; the URL is not told', async () => {
    const target: NoticeTarget = { type: 'webhook', url: secret('http://127.0.0.1:1/hunter2') };
    expect(await failureOf(sendNotice(target, NOTICE, CONTEXT))).toMatch(
      /^The server cannot be reached: [A-Za-z ]+\.$/,
    );
  });
});

describe('a place that cannot be reached', () => {
  const at = (url: string): NoticeTarget => ({ type: 'webhook', url: secret(url) });

  it('is told with the reason in words, and with what to do', async () => {
    await using plain = await webServer();
    await using away = await webServer(302);
    const cases: [string, string][] = [
      [plain.url.replace('http:', 'https:'), 'it does not speak TLS on this port'],
      [away.url, 'it wants to send us on'],
      ['http://127.0.0.1:1/', 'no web server is asked on this port'],
      ['http://127.0.0.1:2/', 'connection refused'],
    ];
    for (const [url, why] of cases) {
      const sending = sendNotice(at(`${url}/hunter2`), NOTICE, CONTEXT);
      await expect(sending).rejects.toMatchObject({
        code: 'unreachable',
        message: `The server cannot be reached: ${why}.`,
        hint: expect.stringMatching(/^(Check|Give) the URL/),
      });
    }
  });

  it.each([
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'x', 'its certificate is signed by nobody but itself'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'x', 'its certificate is for another name'],
    ['ESOCKET', 'connect ECONNREFUSED 127.0.0.1:1', 'connection refused'],
    [
      'ESOCKET',
      '80:error:0A:SSL routines:x:wrong version number:../x.c:350:\n',
      'it does not speak TLS on this port',
    ],
  ])('is told in words where a library says %s: %s', (code, message, why) => {
    expect(lineTrouble(Object.assign(new Error(message), { code }), 'Check.')).toMatchObject({ why });
  });
});

describe('ntfy', () => {
  it('gets title, text, priority and the token', async () => {
    await using web = await webServer();
    const target: NoticeTarget = { type: 'ntfy', url: secret(`${web.url}/topic`), token: secret('tk_1') };
    await sendNotice(target, NOTICE, CONTEXT);
    expect(web.requests).toMatchObject([
      {
        url: '/topic',
        headers: {
          title: `=?UTF-8?B?${Buffer.from('Mailferry: wörk: 3 polls have failed').toString('base64')}?=`,
          priority: 'high',
          authorization: 'Bearer tk_1',
        },
        body: 'It failed. Do that.',
      },
    ]);
  });
});

describe('a command', () => {
  it('gets the notice on standard input, and no variable that holds a password', async () => {
    await using folder = await temporaryFolder();
    const withheld = new Set(['PASSWORD']);
    const target = {
      type: 'command',
      command: 'cat > got; env >> got',
      folder: folder.path,
      withheld,
    } as const;
    await sendNotice(target, NOTICE, CONTEXT);
    const [json = '', ...env] = (await readFile(folder.at('got'), 'utf8')).split('\n');
    expect(JSON.parse(json)).toMatchObject({ kind: 'failing', account: 'work' });
    expect(env).toContain('LANG=C');
    expect(env.join('\n')).not.toContain('hunter2');
  });

  it('that does not end is ended, and with it what it has started', async () => {
    await using folder = await temporaryFolder();
    const command = 'sleep 3600 & echo $! > child; wait';
    const run = { command, folder: folder.path, env: process.env, input: '', limitMs: 2000 };
    expect(await failureOf(runNoticeCommand(run))).toBe('The command for notices has not ended within 2 s.');
    const pid = Number(await readFile(folder.at('child'), 'utf8'));
    // What is dead may wait for somebody to take note of it.
    const state = (): Promise<string> => readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ') Z');
    await expect.poll(state, { timeout: 10_000 }).toMatch(/\) [ZX]/);
  });

  it.each([
    ['false', 'The command for notices ended with status 1.'],
    [['/nowhere/program'], 'The command for notices cannot be started: there is no such program.'],
    ['kill -9 $$', 'The command for notices was ended by SIGKILL.'],
  ])('that fails has not taken it: %j', async (command, message) => {
    const target = { type: 'command', command, folder: '/', withheld: new Set<string>() } as const;
    expect(await failureOf(sendNotice(target, NOTICE, CONTEXT))).toBe(message);
  });

  it('that fails is quoted only to whoever watches', async () => {
    const command = 'echo "no such\ttopic" >&2; exit 3';
    const target = { type: 'command', command, folder: '/', withheld: new Set<string>() } as const;
    const watched = sendNotice(target, NOTICE, { ...CONTEXT, watched: true });
    await expect(watched).rejects.toMatchObject({
      code: 'unreachable',
      hint: 'It said: no such\\x09topic',
    });
    const unwatched: unknown = await sendNotice(target, NOTICE, CONTEXT).catch((error: unknown) => error);
    expect(unwatched).toMatchObject({ hint: expect.stringMatching(/^Run it by hand/) });
  });

  it('that leaves something behind is not waited for beyond its own end', async () => {
    const command = 'sleep 3600 & echo $! >&2; exit 3';
    const run = { command, folder: '/', env: process.env, input: '', quotes: true };
    const error = await runNoticeCommand(run).catch((thrown: unknown) => asMailError(thrown));
    expect(error?.hint).toMatch(/^It said: \d+$/);
    process.kill(Number(error?.hint?.replace(/\D+/, '')), 'SIGKILL');
  });
});

describe('a mail', () => {
  const mailTo = (port: number, password?: string): NoticeTarget => ({
    type: 'mail',
    host: '127.0.0.1',
    port,
    tls: 'none',
    user: password && 'me',
    password: password === undefined ? undefined : secret(password),
    from: 'ferry@example.org',
    to: ['a@example.org', 'b@example.org'],
  });

  it('goes to everybody by SMTP, and asks for no answer', async () => {
    await using smtp = await rawPeer(async (line) => {
      await line.send('220 ready\r\n');
      for (let command = await line.line(); command !== undefined; command = await line.line()) {
        if (command === 'DATA') {
          await line.send('354 go on\r\n');
          while ((await line.line()) !== '.');
        }
        await line.send(command === 'QUIT' ? '221 bye\r\n' : '250 ok\r\n');
        if (command === 'QUIT') return;
      }
    });
    await sendNotice(mailTo(smtp.port), NOTICE, CONTEXT);
    const session = smtp.lines[0]?.received ?? '';
    expect(session).toContain('RCPT TO:<a@example.org>');
    expect(session).toContain('RCPT TO:<b@example.org>');
    expect(session).toContain('Auto-Submitted: auto-generated');
    expect(session).toContain('It failed. Do that.');
  });

  it('that is refused has not been sent; the password is not told', async () => {
    await using smtp = await rawPeer(async (line) => {
      await line.send('220 ready\r\n');
      for (let command = await line.line(); command !== undefined; command = await line.line()) {
        const reply = command.startsWith('EHLO')
          ? '250-here\r\n250 AUTH PLAIN\r\n'
          : '535 no hunter2 here\r\n';
        await line.send(reply);
      }
    });
    const message = await failureOf(sendNotice(mailTo(smtp.port, 'hunter2'), NOTICE, CONTEXT));
    expect(message).toMatch(/^The mail could not be sent: /);
    expect(message).not.toContain('hunter2');
  });
});

describe('a sign of life', () => {
  it('calls the URL as it is, with /start or with /fail', async () => {
    await using web = await webServer();
    const target = { url: secret(`${web.url}/id`), everyMs: 1000 };
    await sendPing(target, { kind: 'start' });
    await sendPing(target, { kind: 'ok', text: 'fine' });
    await sendPing(target, { kind: 'fail', text: 'a, b' });
    expect(web.requests.map(({ url, body }) => [url, body])).toEqual([
      ['/id/start', ''],
      ['/id', 'fine'],
      ['/id/fail', 'a, b'],
    ]);
  });
});
