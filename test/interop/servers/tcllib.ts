import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { requirePrograms } from '../../support/programs.ts';
import { PASSWORD, type ServerKind } from './kind.ts';

/** The first two are equal. */
function plainMail(index: number): Buffer {
  const ordinal = Math.max(index, 1);
  const header = `From: a@mail.example\nSubject: plain ${ordinal}\nMessage-ID: <${ordinal}@mail.example>\n`;
  return Buffer.from(`${header}Date: Thu, 1 Jan 2026 00:00:00 +0000\n\n.\n..dots\ntext ${ordinal}\n`);
}

/** Serves folders of messages, and says its port. */
const PROGRAM = `
package require pop3d
package require pop3d::dbox
package require pop3d::udb
set folder [lindex $argv 0]
set password [lindex $argv 1]
set server [::pop3d::new]
set storage [::pop3d::dbox::new]
set users [::pop3d::udb::new]
$storage base $folder
foreach user [lrange $argv 2 end] { $users add $user $password $user }
$server configure -port 0 -auth $users -storage $storage
$server up
puts [$server cget -port]
flush stdout
vwait forever
`;

export const tcllib: ServerKind = {
  require: requirePrograms('tclsh'),
  title: 'tcllib 1.21',
  debianPackage: 'tcllib',
  tls: ['none'],
  mechanisms: ['user-pass'],
  servesOnly: {
    messages: Array.from({ length: 6 }, (_, index) => plainMail(index)),
    why: 'it rewrites headers, hangs up at many a message and stalls at large ones',
  },
  quirks: [
    'Knows no UIDL: what was carried is known by header and size.',
    'Ends lines with CRCRLF, and lists sizes that have little to do with what it sends.',
    'Refuses a second session in words of its own: "could not aquire lock". That counts as "try later".',
    'Does not understand a password with spaces.',
  ],
  start: async (maildrops) => {
    const folder = await mkdtemp(join(tmpdir(), 'mailferry-tcllib-'));
    for (const [user, messages] of maildrops) {
      await mkdir(join(folder, user));
      for (const [index, message] of messages.entries()) {
        await writeFile(join(folder, user, String(index + 1)), message);
      }
    }
    await writeFile(join(folder, 'serve.tcl'), PROGRAM);
    const words = [join(folder, 'serve.tcl'), folder, PASSWORD, ...maildrops.keys()];
    const child = spawn('tclsh', words, { stdio: ['ignore', 'pipe', 'pipe'] });
    let log = '';
    child.stderr.on('data', (block: Buffer) => {
      log += block.toString('latin1');
    });
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    return {
      host: '127.0.0.1',
      ports: { plain: Number(line.toString()), tls: 0 },
      get log() {
        return log;
      },
      [Symbol.asyncDispose]: async () => {
        const ended = once(child, 'exit');
        child.kill();
        await ended;
        await rm(folder, { recursive: true });
      },
    };
  },
};
