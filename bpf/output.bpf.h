/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * The way out of the kernel, shared by every sensor: a record is built in the scratch of its own type and copied into
 * the one ring. Only written bytes leave. What does not fit is counted by type; the sequence number in the header
 * counts attempts, so that a reader also sees where.
 */
#ifndef MERLON_OUTPUT_BPF_H
#define MERLON_OUTPUT_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "events.h"

extern struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 << 20); /* user space sets its own size before load */
} ring SEC(".maps");

extern struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, MERLON_TYPE_COUNT);
	__type(key, __u32);
	__type(value, __u64);
} lost SEC(".maps");

extern struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} sequence SEC(".maps");

extern volatile __u32 consumer_asleep;
extern const volatile __u64 wakeup_bytes;

/* How often a CPU looks at how full the ring is, in records; a power of two. */
#define FILL_CHECK_EVERY 8

/*
 * Per-CPU scratch, one map for each record type: a sleepable iterator may be preempted by a tracepoint's program, so
 * no two programs share one. bpf_ringbuf_reserve() takes constant sizes only (dynptrs are of Linux 5.19).
 */
#define MERLON_SCRATCH(name, of)                                                                                       \
	struct {                                                                                                       \
		__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);                                                               \
		__uint(max_entries, 1);                                                                                \
		__type(key, __u32);                                                                                    \
		__type(value, of);                                                                                     \
	} name SEC(".maps")

static __always_inline void *scratch_of(void *map)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(map, &zero);
}

/*
 * While a record is built, header.size is where its next string goes. It is read back from memory each time: one
 * unknown value to the verifier, instead of another state for each way that led here.
 */
static __always_inline __u32 record_end(struct merlon_header *header)
{
	return *(volatile __u32 *)&header->size;
}

static __always_inline void set_record_end(struct merlon_header *header, __u32 end)
{
	*(volatile __u32 *)&header->size = end;
}

/* Notes a string of `length` bytes that was written at the record's end. */
static __always_inline void add_string(struct merlon_header *header, struct merlon_str *to, __u32 end, __u32 length)
{
	to->off = end;
	to->len = length;
	set_record_end(header, end + length);
}

/* Completes a header; `size` is a multiple of 8. */
static __always_inline void close_header(struct merlon_header *header, __u32 type, __u32 size)
{
	header->size = size;
	header->type = type;
	header->cpu = bpf_get_smp_processor_id();
}

/* Zeroes what rounding adds and returns the size rounded up to 8; the buffer is at least `max` + 8 bytes long. */
static __always_inline __u32 close_record(struct merlon_header *header, __u32 type, __u32 max)
{
	__u32 size = record_end(header);

	if (size > max)
		size = max;
	*(__u64 *)((char *)header + size) = 0;
	size = (size + 7) & ~7u;
	close_header(header, type, size);
	return size;
}

static __always_inline __u64 next_sequence(void)
{
	__u64 *counter = scratch_of(&sequence);

	return counter ? ++*counter : 0;
}

static __always_inline void count_lost(__u32 type)
{
	__u64 *count = bpf_map_lookup_elem(&lost, &type);

	if (count)
		++*count;
}

/*
 * User space sets consumer_asleep, looks at the ring once more and blocks. The exchange that commits a record is a full
 * barrier, so either that look finds the record, or the test after the commit finds the flag; waking twice is harmless.
 * A record that is reserved and discarded only wakes.
 */
static __always_inline void wake_late_sleeper(void)
{
	void *nothing;

	if (!consumer_asleep)
		return;
	consumer_asleep = 0;
	nothing = bpf_ringbuf_reserve(&ring, 8, 0);
	if (nothing)
		bpf_ringbuf_discard(nothing, BPF_RB_FORCE_WAKEUP);
}

static __always_inline __u64 wakeup_flag(__u64 seq)
{
	if (consumer_asleep) {
		consumer_asleep = 0;
		return BPF_RB_FORCE_WAKEUP;
	}
	if (seq % FILL_CHECK_EVERY == 0 && bpf_ringbuf_query(&ring, BPF_RB_AVAIL_DATA) > wakeup_bytes)
		return BPF_RB_FORCE_WAKEUP;
	return BPF_RB_NO_WAKEUP;
}

static __always_inline void output(struct merlon_header *header, __u32 type, __u32 size)
{
	__u64 seq = next_sequence();

	header->seq = seq;
	if (bpf_ringbuf_output(&ring, header, size, wakeup_flag(seq)) < 0)
		count_lost(type);
	wake_late_sleeper();
}

/* Sends the record that starts with `header`; `max`, a constant, is the most that it can have written. */
static __always_inline void send_record(struct merlon_header *header, __u32 type, __u32 max)
{
	output(header, type, close_record(header, type, max));
}

/* Sends a record that has no strings; `size` is a multiple of 8. */
static __always_inline void send_fixed(struct merlon_header *header, __u32 type, __u32 size)
{
	close_header(header, type, size);
	output(header, type, size);
}

#endif
