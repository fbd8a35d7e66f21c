#!/bin/sh
# Runs the OpenRC script given as $1 in a mount namespace of its own, as on a machine that has been started with OpenRC:
# with the program $2 as /usr/local/bin/mailferry, node $3, and the configuration $4. Says what came of each command.
set -e
mount --make-rprivate /
mount -t proc proc /proc
scratch=$(mktemp -d)
mount -t tmpfs tmpfs "$scratch"
mkdir "$scratch/etc"
cp -a /etc/. "$scratch/etc/"
mount --bind "$scratch/etc" /etc
for folder in /run /var/log /var/lib /usr/local/bin; do mount -t tmpfs -o mode=755 tmpfs "$folder"; done
for name in started starting stopping inactive wasinactive failed hotplugged daemons options exclusive scheduled tmp; do
  mkdir -p "/run/openrc/$name"
done
echo default >/run/openrc/softlevel
# The other services of this machine have nothing to do with it.
rm -rf /etc/init.d /etc/conf.d
mkdir -p /etc/init.d /etc/conf.d /etc/mailferry
echo 'rc_need="!net"' >/etc/conf.d/mailferry
cp "$1" /etc/init.d/mailferry
chmod 755 /etc/init.d/mailferry
useradd --system --home-dir /var/lib/mailferry mailferry
cp "$4" /etc/mailferry/config.yaml
chown -R mailferry /etc/mailferry
ln -s "$2" /usr/local/bin/mailferry
ln -s "$3" /usr/local/bin/node
set +e
until_logged() {
  tries=0
  until grep -q "$1" /var/log/mailferry.log || [ "$tries" -ge 300 ]; do
    tries=$((tries + 1))
    sleep 0.1
  done
}
for command in start status reload stop; do
  /etc/init.d/mailferry "$command" >&2
  echo "$command $?"
  case $command in
    start) until_logged 'poll finished' ;;
    reload) until_logged 'read anew' ;;
    stop) until_logged 'has ended' ;;
  esac
done
stat -c '%U %a' /var/log/mailferry.log /var/lib/mailferry
cat /var/log/mailferry.log
