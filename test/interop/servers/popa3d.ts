import type { ServerKind } from './kind.ts';
import { RootFolder, requireServer, spoolMail } from './root-folder.ts';

export const popa3d: ServerKind = {
  require: requireServer('popa3d'),
  title: 'popa3d 1.0',
  debianPackage: 'popa3d',
  tls: ['none'],
  mechanisms: ['user-pass'],
  quirks: [
    'Knows no CAPA: USER and PASS are used.',
    'Gives two equal messages one unique-id: both are carried, both are deleted, and neither is stored again.',
    'Hangs up after a wrong password: that counts as a refused login.',
  ],
  start: async (maildrops) => {
    const root = await RootFolder.make('popa3d', maildrops.keys());
    await spoolMail(root, maildrops);
    await root.makeFolder('/var/lib/popa3d');
    return root.serving(await root.startByInetd({ plain: ['/usr/sbin/popa3d'] }));
  },
};
