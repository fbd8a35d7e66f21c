import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { netrcLogin, netrcPassword } from '../../src/config/netrc.ts';
import { propertyRuns } from '../support/property-runs.ts';

const NETRC = `# mine
machine pop.example.org login me password "two words"
machine pop.example.org
  login you
  password secret#1
macdef init
  machine not.this login me password wrong

machine any.example password for-anybody
default login me password fallback
`;

describe('a netrc file', () => {
  test.each([
    ['pop.example.org', 'me', 'two words'],
    ['POP.example.org', 'you', 'secret#1'],
    ['any.example', 'whoever', 'for-anybody'],
    ['other.example', 'me', 'fallback'],
    ['not.this', 'you', undefined],
    ['pop.example.org', 'nobody', undefined],
  ])('for %s and %s has %s', (machine, login, password) => {
    expect(netrcPassword(NETRC, { machine, login })).toBe(password);
  });

  test.each([
    ['pop.example.org', 'you'],
    ['any.example', undefined],
    ['other.example', 'me'],
  ])('names for %s the login %s, the last one as Python has it', (machine, login) => {
    expect(netrcLogin(NETRC, machine)).toBe(login);
  });

  test('gives back any password that is quoted', () => {
    fc.assert(
      fc.property(fc.string(), (password) => {
        const quoted = password.replaceAll(/["\\]/g, '\\$&');
        const text = `machine h login me password "${quoted}"\n`;
        expect(netrcPassword(text, { machine: 'h', login: 'me' })).toBe(password);
      }),
      propertyRuns(200),
    );
  });
});
