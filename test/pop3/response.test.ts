import { describe, expect, test } from 'vitest';
import { formatResponse, parseResponse, type Response } from '../../src/pop3/response.ts';

function response(ok: boolean, code: string | undefined, text: string): Response {
  return { ok, code, text };
}

describe('parseResponse', () => {
  test.each([
    ['+OK', response(true, undefined, '')],
    ['+OK ', response(true, undefined, '')],
    ['+OK ready', response(true, undefined, 'ready')],
    ['+ok ready', response(true, undefined, 'ready')],
    ['+OK\tready', response(true, undefined, 'ready')],
    ['+OK   2 320', response(true, undefined, '2 320')],
    ['-ERR', response(false, undefined, '')],
    ['-err no', response(false, undefined, 'no')],
    ['-ERR [IN-USE] busy', response(false, 'IN-USE', 'busy')],
    ['-ERR [in-use] busy', response(false, 'IN-USE', 'busy')],
    ['-ERR [SYS/TEMP]', response(false, 'SYS/TEMP', '')],
    ['-ERR [SYS/TEMP]busy', response(false, 'SYS/TEMP', 'busy')],
    ['-ERR [] empty', response(false, undefined, '[] empty')],
    ['-ERR [never closed', response(false, undefined, '[never closed')],
    ['-ERR no [IN-USE] here', response(false, undefined, 'no [IN-USE] here')],
    ['-ERR [A] [B] c', response(false, 'A', '[B] c')],
    ['+OK a\rb\0c', response(true, undefined, 'a\rb\0c')],
    ['-ERR [__proto__] x', response(false, '__PROTO__', 'x')],
    // Not by the RFC, but there are such servers, and other clients take them.
    ['+OK, ready', response(true, undefined, 'ready')],
    ['+OK.', response(true, undefined, '')],
    ['+OK: 2 320', response(true, undefined, '2 320')],
    ['+OK!\tready', response(true, undefined, 'ready')],
    ['+OK;', response(true, undefined, '')],
    ['+OK ... ready', response(true, undefined, '... ready')],
    ['-ERR: [IN-USE] busy', response(false, 'IN-USE', 'busy')],
    ['-ERR, no', response(false, undefined, 'no')],
  ])('reads %j', (line, expected) => {
    expect(parseResponse(line)).toEqual(expected);
  });

  test.each([
    '',
    ' +OK',
    '+OKready',
    '+OK[IN-USE]',
    '-ERROR',
    '+OK,ready',
    '-ERR-no',
    'OK',
    '* OK',
    '220 ready',
    '+ continue',
    '+O',
    '\0+OK',
  ])('takes %j for no status line', (line) => {
    expect(parseResponse(line)).toBeUndefined();
  });
});

describe('formatResponse', () => {
  test.each([
    [response(true, undefined, ''), '+OK'],
    [response(true, undefined, 'ready'), '+OK ready'],
    [response(false, 'IN-USE', 'busy'), '-ERR [IN-USE] busy'],
    [response(false, 'SYS/PERM', ''), '-ERR [SYS/PERM]'],
  ])('writes %j so that it reads the same', (given, line) => {
    expect(formatResponse(given)).toBe(line);
    expect(parseResponse(line)).toEqual(given);
  });
});
