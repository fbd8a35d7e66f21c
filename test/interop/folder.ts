import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { authority } from '../support/certificates.ts';

/**
 * For `beforeEach` and `beforeAll`: makes a folder with the certificate of our authority in it, as `ca.pem`, and says which it
 * is. It is removed behind the test, or behind the last one.
 */
export function makesFolder(take: (path: string) => void): () => Promise<() => Promise<void>> {
  return async () => {
    const path = await mkdtemp(join(tmpdir(), 'mailferry-interop-'));
    await writeFile(join(path, 'ca.pem'), authority().cert);
    take(path);
    return () => rm(path, { recursive: true });
  };
}
