import { describe, expect, it } from 'vitest';
import { accountFields, generalFields } from '../../src/config/schema.ts';
import { renderReference, renderSchema } from './reference.ts';

describe('the reference of the configuration', () => {
  it('is the page in docs; `npm run docs` writes it anew', async () => {
    await expect(renderReference()).toMatchFileSnapshot('../../docs/configuration.md');
  });

  it('is the JSON Schema in docs; `npm run docs` writes it anew', async () => {
    await expect(renderSchema()).toMatchFileSnapshot('../../docs/mailferry.schema.json');
  });

  it.each([...Object.keys(generalFields), ...Object.keys(accountFields)])('explains the key %s', (key) => {
    expect(renderReference()).toMatch(new RegExp(`^\\| \`${key}\` \\| [^|]+ \\| [^|]* \\| .{20,}\\|$`, 'm'));
  });

  it.each(['webhook', 'ntfy', 'command', 'mail'])('explains the keys of a notice by %s', (type) => {
    expect(renderReference()).toContain(`### \`notify.to\` (${type})\n\n| key |`);
  });

  it('offers a schema that demands accounts and allows no unknown key', () => {
    expect(JSON.parse(renderSchema())).toMatchObject({
      $id: 'urn:mailferry:configuration',
      required: ['accounts'],
      additionalProperties: false,
      definitions: { account: { additionalProperties: false } },
    });
  });
});
