#!/bin/busybox sh
# The guest's first process: mounts what there is, runs the tests, switches the machine off.
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mount -t tmpfs tmp /tmp
stty -F /dev/console -echo
modprobe virtio_pci
modprobe 9pnet_virtio
modprobe 9p
mkdir -p /out
mount -t 9p -o trans=virtio,version=9p2000.L,msize=131072 out /out
. /options
. /guest/checks.sh
for part in $PARTS; do
    . "/guest/$part.sh"
done
sync
echo "@@ end"
poweroff -f
