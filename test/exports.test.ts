import { expect, it } from 'vitest';
import * as program from '../src/index.ts';
import * as client from '../src/pop3-client/index.ts';
import * as server from '../src/pop3-server/index.ts';

it.each([
  ['mailferry', program, ['App', 'ConfigurationError', 'MailError', 'loadConfiguration', 'systemRuntime']],
  [
    'mailferry/client',
    client,
    [
      'Authorization',
      'MailError',
      'ReplyError',
      'Secret',
      'Transaction',
      'WireError',
      'connect',
      'openSession',
      'parseMessageNumber',
      'parsePopUrl',
    ],
  ],
  [
    'mailferry/server',
    server,
    [
      'FilesMaildrop',
      'MailError',
      'MemoryMaildrop',
      'PERSONALITIES',
      'Secret',
      'createServer',
      'parseFaults',
    ],
  ],
])('%s exports these names and no others, so that a change of them is one on purpose', (_, module, names) => {
  expect(Object.keys(module).toSorted()).toEqual(names);
});

it('MailError is one class, wherever it is imported from', () => {
  expect(new Set([program.MailError, client.MailError, server.MailError]).size).toBe(1);
});
