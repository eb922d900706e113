// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Those parts of path.bpf.h that the verifier is to walk once, and the scratch that they share with the rest. Long
 * loops go by turns of a function of its own: the verifier walks each of a loop's turns, but a global function only
 * once.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include "path.bpf.h"

struct record_map records SEC(".maps");
struct scratch_map scratches SEC(".maps");

#define TURN 16       /* steps, or parts */
#define MOST_TURNS 16 /* a mount is a step, too */

/* One step up; false at the namespace's root, and where the walk is cut. */
static __always_inline bool climb(struct path_parts *parts)
{
	struct dentry *dentry = parts->dentry, *parent;
	struct mount *mount = parts->mount, *above;
	struct path_part *part;
	struct qstr name;

	if (dentry == parts->root) {
		if (mount == parts->top)
			return false;
		above = BPF_CORE_READ(mount, mnt_parent);
		if (above == mount)
			return false;
		parts->dentry = BPF_CORE_READ(mount, mnt_mountpoint);
		parts->root = BPF_CORE_READ(above, mnt.mnt_root);
		parts->mount = above;
		return true;
	}
	parent = BPF_CORE_READ(dentry, d_parent);
	if (parent == dentry)
		return false;
	bpf_core_read(&name, sizeof(name), &dentry->d_name);
	part = add_part(parts, name.len);
	if (!part)
		return false;
	part->name = name.name;
	parts->dentry = parent;
	return true;
}

/* 0 at the end of the walk. */
__noinline int gather_turn(__u32 slot)
{
	struct scratch *scratch = scratch_in(slot);
	int i;

	if (!scratch)
		return 0;
	for (i = 0; i < TURN; i++)
		if (!climb(&scratch->parts))
			return 0;
	return 1;
}

int gather_rest(__u32 slot)
{
	struct scratch *scratch;
	int i;

	for (i = 0; i < MOST_TURNS; i++)
		if (!gather_turn(slot))
			return 0;
	scratch = scratch_in(slot);
	if (scratch)
		scratch->parts.cut = 1;
	return 0;
}

/* Whole words are cheaper; what is too much is overwritten by the next part or by close_record(). */
static __always_inline void write_name(char *to, struct path_part *part, __u32 length)
{
	__u64 *word = (__u64 *)to;

	if (part->name) {
		bpf_probe_read_kernel(to, (length + 7) & ~7u, part->name);
		return;
	}
	word[0] = part->word[0];
	if (length > 8) {
		word[1] = part->word[1];
		word[2] = part->word[2];
		word[3] = part->word[3];
	}
}

/* Writes what is left, at most TURN parts, and counts it down. 0 where all is written. */
__noinline int write_turn(__u32 slot)
{
	union record *record = record_of(slot);
	struct scratch *scratch = scratch_in(slot);
	__u32 length, at, end;
	int i;

	if (!record || !scratch)
		return 0;
	for (i = 0; i < TURN; i++) {
		at = scratch->parts.count - 1;
		end = record_end(&record->header);
		if (at >= PATH_PARTS || end > EXEC_MAX - NAME_BYTES - 1)
			return 0;
		length = scratch->parts.part[at].length & NAME_BYTES;
		if (scratch->parts.cut)
			scratch->parts.cut = 0; /* no slash before the first */
		else
			record->bytes[end++] = '/';
		write_name(record->bytes + end, &scratch->parts.part[at], length);
		set_record_end(&record->header, end + length);
		scratch->parts.count = at;
	}
	return 1;
}

int write_parts(__u32 slot, __u32 to)
{
	union record *record = record_of(slot);
	struct scratch *scratch = scratch_in(slot);
	struct merlon_str *string;
	__u32 start, end;
	int i;

	if (!record || !scratch || to > sizeof(struct merlon_exec) - sizeof(*string))
		return 0;
	start = record_end(&record->header);
	if (!scratch->parts.count && start < EXEC_MAX) { /* the root itself */
		record->bytes[start] = '/';
		set_record_end(&record->header, start + 1);
	}
	for (i = 0; i < PATH_PARTS / TURN; i++)
		if (!write_turn(slot))
			break;
	end = record_end(&record->header);
	string = (struct merlon_str *)(record->bytes + to);
	string->off = start;
	string->len = end - start;
	return 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
