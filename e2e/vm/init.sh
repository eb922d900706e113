#!/bin/busybox sh
# The first process of a guest: mounts what a system has, runs the kernel tier, hands the results out, powers off.
# The console (ttyS0) is the log; the results go over a line of their own (ttyS1), so that kernel messages cannot cut them.
export PATH=/usr/bin:/bin:/usr/sbin:/sbin HOME=/root TMPDIR=/tmp XDG_RUNTIME_DIR=/run MERLON_GUEST=1 NO_COLOR=1
busybox mount -t proc proc /proc
busybox mount -t sysfs sysfs /sys
busybox mount -t devtmpfs dev /dev
busybox mkdir -p /dev/pts /dev/shm
busybox mount -t devpts devpts /dev/pts
busybox mount -t tmpfs tmp /tmp
busybox mount -t tmpfs run /run
busybox mount -t cgroup2 cgroup /sys/fs/cgroup
busybox mount -t tracefs tracefs /sys/kernel/tracing 2>/dev/null
busybox mount -t bpf bpf /sys/fs/bpf 2>/dev/null
busybox ip link set lo up
busybox stty -F /dev/ttyS1 raw -echo 2>/dev/null
for option in $(busybox cat /proc/cmdline); do
  case $option in merlon.scale=*) export MERLON_TEST_SCALE=${option#merlon.scale=} ;;
    merlon.only=*) only=${option#merlon.only=} ;; esac
done
cd /merlon || busybox poweroff -f
echo "merlon guest: Linux $(busybox uname -r)"
node --test --test-concurrency=1 --test-timeout=300000 \
  --test-reporter=spec --test-reporter-destination=stdout \
  --test-reporter=tap --test-reporter-destination=/tmp/results.tap \
  $(busybox ls e2e/kernel/${only:-*}.test.ts | busybox grep -v -E '/(pkexec)\.test\.ts$') </dev/null
echo "merlon guest: the runner ended with exit code $?"
busybox cat /tmp/results.tap > /dev/ttyS1
echo "merlon guest: done"
busybox sync
busybox poweroff -f
