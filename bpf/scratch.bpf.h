/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Where records with paths are built, and what is noted on the way: per CPU, in two maps, because a value of a per-CPU
 * map holds 32 KiB at most. A sleepable iterator may be preempted by a tracepoint's program, so each kind of record has
 * a slot of its own. Global functions, which the verifier walks once instead of once for each way that leads there, are
 * told the slot: before Linux 5.13 they take numbers alone.
 */
#ifndef MERLON_SCRATCH_BPF_H
#define MERLON_SCRATCH_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "events.h"

#define EXEC_MAX                                                                                                       \
	(sizeof(struct merlon_exec) + 3 * MERLON_PATH_MAX + MERLON_INTERP_MAX + MERLON_ARGS_MAX + MERLON_ENV_MAX +     \
	 MERLON_TTY_MAX)
#define FAILED_MAX (sizeof(struct merlon_exec_failed) + 2 * MERLON_PATH_MAX + MERLON_ARGS_MAX)

/* The verifier adds up offset and size without their relation: hence room for one string more. */
union record {
	struct merlon_header header;
	struct merlon_exec exec;
	struct merlon_exec_failed failed;
	char bytes[EXEC_MAX + MERLON_ENV_MAX];
};
_Static_assert(sizeof(union record) >= FAILED_MAX + MERLON_ARGS_MAX, "a failed exec fits");

#define PATH_PARTS 128
#define NAME_BYTES 255 /* NAME_MAX */
#define NAME_WORDS 4   /* longer names are read when they are written */

struct path_part {
	const unsigned char *name; /* NULL where the words hold it */
	__u64 length;
	__u64 word[NAME_WORDS];
};

/* What changes with each turn of a loop is volatile: read back from memory, it is one unknown value to the verifier
 * instead of as many states as there are turns. */
struct path_parts {
	struct path_part part[PATH_PARTS];
	volatile __u32 count;
	volatile __u32 bytes; /* of all names, each with its slash */
	__u32 cut;
	/* Where the walk has come to. */
	struct mount *mount;
	struct dentry *dentry;
	struct dentry *root; /* of the mount */
	struct mount *top;   /* the namespace's root mount */
	__u64 ending;        /* a mount with nothing above it, as an address; 0 where none is known in this run */
};

#define ENV_BLOCK 8192 /* bytes of the environment that are looked at; a power of two */
#define ENV_VARIABLES 256
#define ENV_HITS 8
#define ENV_LONGEST_NAME 16 /* LD_LIBRARY_PATH= */

struct env_scratch {
	__u64 pointer[ENV_VARIABLES + 1];
	char block[ENV_BLOCK + ENV_LONGEST_NAME];
	volatile __u32 take; /* bytes in block */
	volatile __u32 hits;
	__u32 hit[ENV_HITS]; /* offsets in block of what begins with LD_ */
	__u32 cut;
	__u32 ended;         /* the NULL after the last variable was seen */
	volatile __u32 used; /* bytes of the record that values, or arguments, take */
};

struct scratch {
	struct path_parts parts;
	struct env_scratch env;
};

enum scratch_slot {
	SLOT_EXEC,
	SLOT_RUNNING,
	SLOT_FAILED,
	SLOT_COUNT,
};

struct record_map {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SLOT_COUNT);
	__type(key, __u32);
	__type(value, union record);
};
extern struct record_map records SEC(".maps");

struct scratch_map {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SLOT_COUNT);
	__type(key, __u32);
	__type(value, struct scratch);
};
extern struct scratch_map scratches SEC(".maps");

static __always_inline union record *record_of(__u32 slot)
{
	return bpf_map_lookup_elem(&records, &slot);
}

static __always_inline struct scratch *scratch_in(__u32 slot)
{
	return bpf_map_lookup_elem(&scratches, &slot);
}

#endif
