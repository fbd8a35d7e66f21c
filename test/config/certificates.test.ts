import { readFile, rename, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { CertificateFile } from '../../src/config/certificates.ts';
import { authority, certificate } from '../support/certificates.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const pem = ({ cert }: { readonly cert: string }): string => cert.trim();

test('a file of trusted certificates counts as it is now, however it was renewed, and never half written', async () => {
  await using folder = await temporaryFolder();
  const path = folder.at('ca.pem');
  const [first, second, third] = [
    authority(),
    certificate({ selfSigned: true }),
    certificate({ names: ['pop.example'], selfSigned: true }),
  ].map(pem);
  await writeFile(path, `${first}\n`);
  const file = await CertificateFile.read(path);
  expect(await file.renewed()).toEqual([first]);
  expect(await file.renewed()).toBe(file.certificates);

  await writeFile(path, second?.slice(0, 200) ?? '');
  expect(await file.renewed()).toEqual([first]);
  await writeFile(path, `${second}\n`);
  expect(await file.renewed()).toEqual([second]);

  await writeFile(folder.at('new.pem'), `${third}\n${await readFile(path, 'utf8')}`);
  await rename(folder.at('new.pem'), path);
  expect(await file.renewed()).toEqual([third, second]);
  await rename(path, folder.at('away.pem'));
  expect(await file.renewed()).toEqual([third, second]);
});
