/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * What costs too much is told in part: so many records of a type a second on each processor, and the others are
 * counted. Asked before anything is gathered, which is most of what a record costs.
 */
#ifndef MERLON_LIMIT_BPF_H
#define MERLON_LIMIT_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "events.h"

struct limit {
	__u64 second;   /* of the boot clock */
	__u64 told;     /* in that second */
	__u64 left_out; /* since the programs were loaded */
};

/* output.bpf.c has the map. */
#ifndef MERLON_LIMITS_ARE_HERE

extern struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, MERLON_TYPE_COUNT);
	__type(key, __u32);
	__type(value, struct limit);
} limits SEC(".maps");

/* By type, set by user space; 0: no limit. */
extern volatile __u32 most_per_second[MERLON_TYPE_COUNT];

/* `type` is a constant. Whether one more in this second is too many; it is counted either way. */
static __always_inline bool is_over(__u32 type, __u32 most)
{
	struct limit *limit = bpf_map_lookup_elem(&limits, &type);
	__u64 second;

	if (!limit)
		return false;
	second = bpf_ktime_get_boot_ns() / 1000000000;
	if (limit->second != second) {
		limit->second = second;
		limit->told = 0;
	}
	if (limit->told < most) {
		limit->told++;
		return false;
	}
	limit->left_out++;
	return true;
}

/* `type` is a constant. */
static __always_inline bool left_out(__u32 type)
{
	__u32 most = most_per_second[type];

	return most && is_over(type, most);
}

#endif

#endif
