import { expect, test } from 'vitest';
import { asMailError } from '../../src/errors.ts';
import { parseProxyUrl } from '../../src/wire/proxy.ts';

function refusal(text: string): string {
  try {
    parseProxyUrl(text);
  } catch (thrown) {
    return asMailError(thrown).message;
  }
  return expect.fail('it was taken');
}

test.each([
  ['ftp://proxy', 'it begins with neither socks5:// nor http://'],
  ['proxy:1080', 'it begins with neither socks5:// nor http://'],
  ['socks5://proxy:99999', 'its port is not one from 1 to 65535'],
  ['http://me:hunter2@[::1]:0/', 'its port is not one from 1 to 65535'],
  ['socks5://hunter2 x:1', 'it is not written as a URL is'],
  ['socks5://', 'it names no host'],
  ['http://proxy/hunter2', 'something follows the host and port'],
  ['http://hunter2%zz@proxy', 'a % in it is not followed by two hexadecimal digits'],
])('the URL of a proxy %s is refused, and not shown', (text, why) => {
  expect(refusal(text)).toBe(`The URL of the proxy cannot be used: ${why}.`);
});

test.each([
  ['SOCKS5://proxy', 'socks5', 'proxy', 1080],
  ['http://proxy', 'http', 'proxy', 80],
  ['http://a:b@proxy:3128/', 'http', 'proxy', 3128],
  ['socks5h://[::1]:9', 'socks5', '::1', 9],
])('the URL of a proxy %s says where it is', (text, kind, host, port) => {
  expect(parseProxyUrl(text)).toMatchObject({ kind, host, port });
});
