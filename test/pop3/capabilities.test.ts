import { describe, expect, test } from 'vitest';
import { formatCapabilities, parseCapabilities, saslMechanisms } from '../../src/pop3/capabilities.ts';

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
    ['the later of two', ['SASL A', 'sasl B'], [['SASL', ['B']]]],
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
