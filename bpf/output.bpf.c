// SPDX-License-Identifier: GPL-2.0 OR MIT
/* The one ring, its counters and the words that user space shares with output.bpf.h. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "events.h"
#include "layout_hash.h"
#define MERLON_LIMITS_ARE_HERE
#include "limit.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 << 20);
} ring SEC(".maps");

/* Records that did not fit, by type. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, MERLON_TYPE_COUNT);
	__type(key, __u32);
	__type(value, __u64);
} lost SEC(".maps");

/* Records attempted. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} sequence SEC(".maps");

/* How far each type is told; see limit.bpf.h. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, MERLON_TYPE_COUNT);
	__type(key, __u32);
	__type(value, struct limit);
} limits SEC(".maps");

volatile __u32 most_per_second[MERLON_TYPE_COUNT] = {};
volatile __u32 consumer_asleep = 0;
const volatile __u64 wakeup_bytes = 1 << 20;
const volatile char layout_hash[65] = MERLON_LAYOUT_HASH;

char LICENSE[] SEC("license") = "Dual MIT/GPL";
