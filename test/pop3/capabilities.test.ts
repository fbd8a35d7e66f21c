import { describe, expect, test } from 'vitest';
import {
  expireDays,
  formatCapabilities,
  loginDelay,
  parseCapabilities,
  saslMechanisms,
} from '../../src/pop3/capabilities.ts';

describe('parseCapabilities', () => {
  // RFC 2449 §5 [unknown-capabilities]
  test.each<[string, readonly string[], [string, readonly string[]][]]>([
    ['nothing', [], []],
    [
      'tags',
      ['TOP', 'UIDL'],
      [
        ['TOP', []],
        ['UIDL', []],
      ],
    ],
    ['tags in any case', ['Top'], [['TOP', []]]],
    ['arguments', ['SASL PLAIN LOGIN'], [['SASL', ['PLAIN', 'LOGIN']]]],
    ['white space', ['  EXPIRE \t 60  '], [['EXPIRE', ['60']]]],
    ['empty lines', ['', '  ', 'STLS'], [['STLS', []]]],
    ['the later of two', ['EXPIRE 1', 'expire 2'], [['EXPIRE', ['2']]]],
    [
      'mechanisms on several lines',
      ['SASL A B', 'TOP', 'sasl B C'],
      [
        ['SASL', ['A', 'B', 'C']],
        ['TOP', []],
      ],
    ],
    [
      'names of what every object has',
      ['__proto__ x', 'constructor'],
      [
        ['__PROTO__', ['x']],
        ['CONSTRUCTOR', []],
      ],
    ],
  ])('reads %s', (_, lines, expected) => {
    expect([...parseCapabilities(lines)]).toEqual(expected);
  });

  test('knows no capability that was not announced', () => {
    expect(parseCapabilities(['TOP']).has('__proto__')).toBe(false);
    expect(parseCapabilities(['TOP']).has('constructor')).toBe(false);
  });

  test('reads what is written', () => {
    const capabilities = parseCapabilities(['TOP', 'SASL PLAIN LOGIN', 'EXPIRE NEVER']);
    expect(parseCapabilities(formatCapabilities(capabilities))).toEqual(capabilities);
  });
});

test('saslMechanisms are in upper case, and none where SASL is not announced', () => {
  expect(saslMechanisms(parseCapabilities(['SASL plain Cram-MD5']))).toEqual(['PLAIN', 'CRAM-MD5']);
  expect(saslMechanisms(parseCapabilities(['TOP']))).toEqual([]);
});

describe('what a server wants', () => {
  test.each([
    ['LOGIN-DELAY 10', 10],
    ['LOGIN-DELAY 900 USER', 900],
    ['LOGIN-DELAY 0', 0],
    ['LOGIN-DELAY', 0],
    ['LOGIN-DELAY -5', 0],
    ['LOGIN-DELAY 1e9', 0],
    ['LOGIN-DELAY 99999999999999999999', 0],
    ['TOP', 0],
  ])('%s: so long between two logins (RFC 2449 §6.5)', (line, expected) => {
    expect(loginDelay(parseCapabilities([line]))).toBe(expected);
  });

  test.each([
    ['EXPIRE 60', 60],
    ['EXPIRE 0 USER', 0],
    ['EXPIRE NEVER', undefined],
    ['EXPIRENEVER', undefined],
    ['expire 7', 7],
    ['EXPIRE', undefined],
  ])('%s: so many days for a message (RFC 2449 §6.7)', (line, expected) => {
    expect(expireDays(parseCapabilities([line]))).toBe(expected);
  });
});
