import { expect, test } from 'vitest';
import { hostAndPort, mayBeHost, withoutBrackets } from '../../src/wire/address.ts';

test.each([
  ['pop.example.org', 'pop.example.org:995'],
  ['127.0.0.1', '127.0.0.1:995'],
  ['::1', '[::1]:995'],
  ['fe80::1%eth0', '[fe80::1%eth0]:995'],
  ['::ffff:192.0.2.1', '[::ffff:192.0.2.1]:995'],
  ['localhost:110', 'localhost:110:995'],
])('%s and its port are written %s', (host, written) => {
  expect(hostAndPort(host, 995)).toBe(written);
});

test.each([
  ['[::1]', '::1'],
  ['[fe80::1%eth0]', 'fe80::1%eth0'],
  ['::1', '::1'],
  ['[localhost]', '[localhost]'],
  ['[::1', '[::1'],
  ['[12:30]', '[12:30]'],
])('%s stands for the host %s', (given, host) => {
  expect(withoutBrackets(given)).toBe(host);
});

test.each([
  ['pop.example.org', true],
  ['пошта.example', true],
  ['mail_1', true],
  ['[::1]', true],
  ['::', true],
  ['[localhost]', false],
  ['localhost:110', false],
  ['pops://localhost', false],
  ['me@localhost', false],
  ['a b', false],
  ['', false],
])('%j may be a host: %j', (text, expected) => {
  expect(mayBeHost(text)).toBe(expected);
});
