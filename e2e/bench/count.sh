#!/bin/busybox sh
# The first process of the guest in which instructions are counted: one processor whose counter advances with each
# instruction (qemu -icount), so that the cost of an exec or of a system call is a number that repeats.
# Each line on ttyS1 is "NAME JSON"; see instructions.ts.
export PATH=/usr/bin:/bin:/usr/sbin:/sbin HOME=/root TMPDIR=/tmp XDG_RUNTIME_DIR=/run
busybox mount -t proc proc /proc
busybox mount -t sysfs sysfs /sys
busybox mount -t devtmpfs dev /dev
busybox mount -t tmpfs tmp /tmp
busybox mount -t tmpfs run /run
busybox mount -t cgroup2 cgroup /sys/fs/cgroup
busybox mount -t tracefs tracefs /sys/kernel/tracing
busybox stty -F /dev/ttyS1 raw -echo
busybox ip link set lo up
cd /merlon || busybox poweroff -f
count=e2e/kernel/triggers/build/count
tiny=e2e/kernel/triggers/build/tiny

measure() {
  # The first seconds of a process are not its usual ones (compiling, first touches): warm up, then measure.
  busybox sleep "$2"
  $count exec 1 "${3:-1000}" 8 40 $tiny >/dev/null
  echo "$1.exec $($count exec 7 1000 8 40 $tiny)" >/dev/ttyS1
  echo "$1.getppid $($count getppid 7 50000)" >/dev/ttyS1
}
finish() {
  kill "$1"
  busybox sleep 2
}

node e2e/bench/frame.ts >/tmp/start
busybox sleep 5
measure nothing 3

# Its output must be a pipe; reading that costs what the engine's reading costs at least.
(busybox cat /tmp/start; exec busybox sleep 100000) | out/helper/merlon-helper 2>/tmp/helper.log | busybox cat >/tmp/records &
measure helper 6
echo "helper.records {\"bytes\":$(busybox stat -c %s /tmp/records)}" >/dev/ttyS1
finish "$(busybox pgrep -f 'busybox sleep 100000')"
busybox rm /tmp/records

argv=$(node -p 'require("./shared/engine-argv.ts").engineArgv("out/engine/index.js", []).join(" ")')
node $argv --data /tmp/data --socket /run/m.sock >/dev/null 2>/tmp/engine.log &
engine=$!
# A storm is what is asked for; JavaScript is compiled for one after some ten thousand events.
measure engine 10 15000
finish $engine

if [ -x /usr/sbin/execsnoop ]; then
  execsnoop >/dev/null 2>&1 &
  measure execsnoop 4
  finish $!
fi
if [ -x /usr/bin/bpftrace ]; then
  BPFTRACE_STRLEN=64 bpftrace -e 'tracepoint:syscalls:sys_enter_execve { printf("%d %s ", pid, comm); join(args->argv); }' >/dev/null 2>&1 &
  measure bpftrace 15
  finish $!
fi
measure nothing_again 1
busybox cat /tmp/helper.log /tmp/engine.log
echo "merlon guest: done"
busybox poweroff -f
