import { readFile, rename, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { readCertificates, readRenewable } from '../../src/config/certificates.ts';
import { readClientCertificate } from '../../src/config/client-certificate.ts';
import { authority, certificate } from '../support/certificates.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const writeForMe = (path: string, text: string): Promise<void> => writeFile(path, text, { mode: 0o600 });

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
  const file = await readRenewable([path], () => readCertificates(path));
  expect(await file.renewed()).toEqual([first]);
  expect(await file.renewed()).toBe(file.content);

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

test('a certificate of its own and its key count when both were renewed, and one without the other as before', async () => {
  await using folder = await temporaryFolder();
  const files = { certFile: folder.at('own.pem'), keyFile: folder.at('own.key') };
  const [first, second] = [certificate(), certificate({ names: ['renewed.example'] })];
  await writeForMe(files.certFile, first.cert);
  await writeForMe(files.keyFile, first.key);
  const own = await readRenewable([files.certFile, files.keyFile], () => readClientCertificate(files, {}));
  await writeForMe(files.certFile, second.cert);
  expect((await own.renewed()).cert).toBe(pem(first));
  await writeForMe(files.keyFile, second.key);
  expect((await own.renewed()).cert).toBe(pem(second));
  expect((await own.renewed()).key.reveal()).toBe(second.key);
});
