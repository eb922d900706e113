// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Names each record and each enumeration once, so that BTF keeps it: a struct that is only used through a pointer is
 * dropped from an object's BTF. Compiled for generate.ts, never loaded.
 */
#include "vmlinux.h"
#include "events.h"

struct merlon_exec layout_exec;
struct merlon_exec_failed layout_exec_failed;
struct merlon_fork layout_fork;
struct merlon_exit layout_exit;
struct merlon_cgroup layout_cgroup;
struct merlon_bpf layout_bpf;

enum merlon_type layout_type;
enum merlon_exec_flag layout_exec_flag;
enum merlon_bpf_flag layout_bpf_flag;
enum merlon_stream layout_stream;
