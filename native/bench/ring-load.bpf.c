/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Fills a sensor's ring as fast as it goes, to measure what is behind it. Run from user space (BPF_PROG_RUN), on
 * nobody's events. It wakes the reader at most once a run: each wake-up is an interrupt, and here the reader is
 * measured.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define RECORD_BYTES 640
#define RECORDS_PER_RUN 1024

struct load {
	__u64 sent;
	__u64 full; /* times that a record did not fit, and the run ended */
};

struct record {
	__u32 size;
	__u16 type; /* MERLON_NONE: no reader takes it for an event */
	__u16 cpu;
	__u64 seq;
	__u64 time_ns;
	__u8 rest[RECORD_BYTES - 24];
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096); /* replaced by the sensor's */
} ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct record);
} scratch SEC(".maps");

const volatile __u64 wakeup_bytes = 1 << 20;

SEC("syscall")
int fill(struct load *load)
{
	__u32 zero = 0;
	struct record *record = bpf_map_lookup_elem(&scratch, &zero);
	if (!record)
		return 1;
	record->size = RECORD_BYTES;
	__u64 sent = 0;
	for (int i = 0; i < RECORDS_PER_RUN; i++) {
		record->seq++;
		__u64 flags = BPF_RB_NO_WAKEUP;
		if (i == RECORDS_PER_RUN - 1 && bpf_ringbuf_query(&ring, BPF_RB_AVAIL_DATA) > wakeup_bytes)
			flags = BPF_RB_FORCE_WAKEUP;
		if (bpf_ringbuf_output(&ring, record, RECORD_BYTES, flags)) {
			load->full++;
			break;
		}
		sent++;
	}
	load->sent += sent;
	return 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
