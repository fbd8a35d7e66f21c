import { expect, it } from 'vitest';
import { renderInteroperability } from '../interop/page.ts';

it('the page of interoperability is the one in docs; `npm run docs` writes it anew', async () => {
  await expect(renderInteroperability()).toMatchFileSnapshot('../../docs/interoperability.md');
});
