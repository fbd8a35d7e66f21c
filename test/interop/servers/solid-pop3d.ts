import type { ServerKind } from './kind.ts';
import { RootFolder, requireServer, spoolMail } from './root-folder.ts';

export const solidPop3d: ServerKind = {
  require: requireServer('solid-pop3d'),
  title: 'solid-pop3d 0.15',
  debianPackage: 'solid-pop3d',
  tls: ['none'],
  mechanisms: ['user-pass'],
  holds: {
    fits: (message) => !message.includes(0),
    why: 'a message with a NUL makes it refuse the whole maildrop as damaged',
  },
  quirks: [
    'Knows no CAPA, and hangs when commands come before it has answered PASS: nothing is pipelined.',
    'Gives two equal messages one unique-id: both are carried, both are deleted, and neither is stored again.',
    'Answers PASS with "-ERR message is damaged" when one message has a NUL: nothing can be had of that maildrop.',
    'Hangs up after a wrong password: that counts as a refused login.',
  ],
  start: async (maildrops) => {
    const root = await RootFolder.make('solid-pop3d', maildrops.keys());
    await spoolMail(root, maildrops);
    return root.serving(await root.startByInetd({ plain: ['/usr/sbin/solid-pop3d'] }));
  },
};
