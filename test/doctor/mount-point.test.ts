import { expect, test } from 'vitest';
import { missingMount } from '../../src/doctor/mount-point.ts';

const TABLE = `# <file system> <mount point> <type> <options>
UUID=1 / ext4 defaults 0 1
UUID=2 none swap sw 0 0
UUID=3\t/srv/mail\text4\tdefaults
//nas/mail /mnt/my\\040nas cifs credentials=/root/x
nas:/deep /mnt/my\\040nas/deep/ nfs noauto
`;

const mount = (point: string): string => `29 1 8:2 / ${point} rw,relatime shared:1 - ext4 /dev/sda2 rw\n`;

test.each([
  ['/home/me/Mail', '/', undefined],
  ['/srv/mail/archive', '/', '/srv/mail'],
  ['/srv/mail', '/', '/srv/mail'],
  ['/srv/mailbox', '/', undefined],
  ['/srv/mail/archive', '/srv/mail', undefined],
  ['/mnt/my nas/Mail', '/', '/mnt/my nas'],
  ['/mnt/my nas/Mail', '/mnt/my\\040nas', undefined],
  ['/mnt/my nas/deep/Mail', '/mnt/my\\040nas', '/mnt/my nas/deep'],
])('of %s, with a disk at %s alone, what is missing is %s', (path, point, missing) => {
  const mounts = mount('/') + mount(point);
  expect(missingMount(path, { table: TABLE, mounts })).toBe(missing);
});
