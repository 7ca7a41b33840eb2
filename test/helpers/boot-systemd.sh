#!/bin/sh
# Becomes systemd as the first process of the namespaces that it was started in; see systemd.ts.
#
#   boot-systemd.sh CGROUP FOLDER LOWER PACKAGE NODE
#
# CGROUP: a control group of its own; FOLDER: where what it writes goes (etc, usr, var, opt are
# overlays, /run is new); LOWER: folders with programs that /usr is to have in addition, with colons;
# PACKAGE and NODE: this package and Node.js.
set -eu
cgroup=$1 folder=$2 lower=$3 package=$4 node=$5

if [ "${6-}" != inside ]; then
	echo $$ >"$cgroup/cgroup.procs"
	exec unshare --cgroup --pid --fork --kill-child --mount --mount-proc --net --uts --ipc \
		/bin/sh "$0" "$cgroup" "$folder" "$lower" "$package" "$node" inside
fi

for name in etc usr var opt; do
	mkdir -p "$folder/$name" "$folder/.work/$name"
	below=/$name
	[ "$name" != usr ] || below=${lower}/usr
	mount -t overlay overlay \
		-o "lowerdir=$below,upperdir=$folder/$name,workdir=$folder/.work/$name" "/$name"
done
# services see no home folders, where both may be
mkdir -p /opt/sekisho
mount --bind "$package" /opt/sekisho
: >/opt/node
mount --bind "$node" /opt/node
awk '$2 ~ "^/run(/|$)" { print $2 }' /proc/mounts | sort -r | while read -r place; do
	# one may be gone by now: the networks of other tests end when they like
	umount -l "$place" 2>/dev/null || :
done
mount -t tmpfs tmpfs /run
mkdir -p /run/logs
mount -t sysfs sysfs /sys
mount -t cgroup2 cgroup2 /sys/fs/cgroup
ip link set lo up
hostname sekisho-test

# no unit of the machine's: only what the test wrote, and what programs make while it runs
export container=other SYSTEMD_UNIT_PATH=/run/systemd/transient:/run/systemd/system.control:/etc/systemd/system
exec /lib/systemd/systemd --system --unit=default.target --log-target=console --show-status=no
