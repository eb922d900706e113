/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* How many tasks were made, counted twice: what one program counts and another does not is a hook that does not run. */
#ifndef MERLON_TASKS_BPF_H
#define MERLON_TASKS_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

/* Indices of `made`; native/tasks.h has the same. */
enum made_index {
	MADE_TASKS,     /* processes and threads, by task_made */
	MADE_PROCESSES, /* of these, processes */
	TOLD_PROCESSES, /* processes, by process_fork */
	MADE_COUNT
};

#ifndef MADE_LINKAGE
#define MADE_LINKAGE extern
#endif

MADE_LINKAGE struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, MADE_COUNT);
	__type(key, __u32);
	__type(value, __u64);
} made SEC(".maps");

static __always_inline void count_made(__u32 index)
{
	__u64 *count = bpf_map_lookup_elem(&made, &index);

	if (count)
		(*count)++;
}

#endif
