import { describe, expect, it } from 'vitest';
import { BareLfToCrlf } from '../../src/message/line-endings.ts';
import { everySplit } from '../support/every-split.ts';

describe('BareLfToCrlf', () => {
  it.each([
    ['a\r\n\r\nb\r\n', 'a\r\n\r\nb\r\n'],
    ['\na\n\nb\r\nc\n', '\r\na\r\n\r\nb\r\nc\r\n'],
    ['', ''],
    ['\n\ra\r\r\n\0\xff\n', '\r\n\ra\r\r\n\0\xff\r\n'],
    ['\r\r\n\n\r', '\r\r\n\r\n\r'],
    ['gr\xfc\xdfe\n\0', 'gr\xfc\xdfe\r\n\0'],
  ])('makes of %j, wherever it is cut, %j', (given, made) => {
    everySplit(Buffer.from(given, 'latin1'), (blocks, how) => {
      const endings = new BareLfToCrlf();
      const out = blocks.map((block) => endings.convert(block));
      expect(Buffer.concat([...out, endings.end()]).toString('latin1'), how).toBe(made);
    });
  });
});
