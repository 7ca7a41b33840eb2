#!/bin/sh
# Runs a command on a host that OpenRC runs, in mounts of its own:
#
#   unshare --mount --net --pid --fork --kill-child --mount-proc \
#     sh openrc-host.sh FOLDER TREE PREFIX COMMAND…
#
# FOLDER: where what it writes goes (usr, etc and var are overlays, /run is new); TREE: the unpacked
# package openrc; PREFIX: what was installed there is installed here.
set -eu
folder=$1 tree=$2 prefix=$3
for name in usr etc var; do
  mkdir -p "$folder/$name" "$folder/.work/$name"
  mount -t overlay overlay -o "lowerdir=/$name,upperdir=$folder/$name,workdir=$folder/.work/$name" "/$name"
done
cp -a "$tree/lib/." /usr/lib/
cp -a "$tree/sbin/." /usr/sbin/
cp -a "$tree/bin/." /usr/bin/
cp -a "$tree/etc/rc.conf" "$tree/etc/insserv.conf" /etc/
mkdir -p /etc/runlevels/sysinit /etc/runlevels/boot /etc/runlevels/default /etc/conf.d
printf '%s\n' "#!/sbin/openrc-run" "start() { :; }" >/etc/init.d/localmount
chmod 755 /etc/init.d/localmount
mount -t tmpfs tmpfs /run
mkdir /run/openrc
cd /run/openrc && mkdir daemons exclusive failed hotplugged inactive options scheduled started starting stopping tmp wasinactive
echo default >/run/openrc/softlevel
cp -a "$prefix/etc/." /etc/
cp -a "$prefix/usr/." /usr/
ip link set lo up
shift 3
cd /
exec "$@"
