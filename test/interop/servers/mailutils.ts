import type { ServerKind } from './kind.ts';
import { RootFolder, requireServer, spoolMail } from './root-folder.ts';

function configuration(tlsMode: 'ondemand' | 'connection'): string {
  return `
pam { service pop3; }
logging { syslog no; }
tcp-wrappers { enable no; }
tls-mode ${tlsMode};
tls { ssl-certificate-file /etc/pop3d.pem; ssl-key-file /etc/pop3d.pem; }
`;
}

function hasBody(message: Buffer): boolean {
  return /(?:^|\n)\r?\n[^]/.test(message.toString('latin1'));
}

export const mailutils: ServerKind = {
  require: requireServer('mailutils'),
  title: 'GNU Mailutils 3.15',
  debianPackage: 'mailutils-pop3d',
  tls: ['none', 'starttls', 'implicit'],
  mechanisms: ['user-pass'],
  holds: {
    fits: (message) => hasBody(message) && (message.length < 200_000 || !message.includes('\n>From ')),
    why: 'it changes messages without a body, and takes minutes over 40,000 lines that begin with "From "',
  },
  volatile: /^(?:X-UIDL|X-UID|X-IMAPbase|Status|X-Status):.*\r?\n/gim,
  quirks: [
    'Announces `EXPIRENEVER` in one word: unknown capabilities mean nothing.',
    'Writes X-UIDL, X-UID, X-IMAPbase and Status into messages between sessions, so that their sizes change; what ' +
      'was carried is known by its unique-id all the same.',
    'Puts one blank line too many into TOP: messages are fetched by RETR.',
  ],
  start: async (maildrops) => {
    const root = await RootFolder.make('mailutils', maildrops.keys());
    await spoolMail(root, maildrops);
    const program = ['/usr/sbin/pop3d', '--inetd'];
    await root.writeCertificate('/etc/pop3d.pem');
    await root.write('/etc/plain.conf', configuration('ondemand'));
    await root.write('/etc/tls.conf', configuration('connection'));
    const ports = await root.startByInetd({
      plain: [...program, '--config-file=/etc/plain.conf'],
      tls: [...program, '--config-file=/etc/tls.conf'],
    });
    return root.serving(ports);
  },
};
