/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Absolute paths, across mounts, up to the root of the mount namespace (bpf_d_path() is not allowed in tracepoints).
 * First the names are gathered from the leaf upwards, then written from the root downwards, so that a record has no
 * gaps. The walk is bounded; where it is cut, the parts nearest to the root are missing and the path does not begin
 * with a slash.
 */
#ifndef MERLON_PATH_BPF_H
#define MERLON_PATH_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include "compat.bpf.h"
#include "events.h"
#include "output.bpf.h"
#include "scratch.bpf.h"

#define NEAR_PARTS 16 /* gathered by plain loads; the rest takes helper calls */

/* Goes on from where the scratch says to the namespace's root. */
int gather_rest(__u32 slot);

/* Writes the gathered path at the record's end, and where it is into the merlon_str `to` bytes into the record. */
int write_parts(__u32 slot, __u32 to);

/* The place of a further part, with its length; NULL where it does not fit: then the walk ends. */
static __always_inline struct path_part *add_part(struct path_parts *parts, __u32 length)
{
	__u32 at = parts->count, bytes;

	if (length > NAME_BYTES)
		length = NAME_BYTES;
	bytes = parts->bytes + length + 1;
	if (at >= PATH_PARTS || bytes > MERLON_PATH_MAX) {
		parts->cut = 1;
		return NULL;
	}
	parts->part[at].length = length;
	parts->bytes = bytes;
	parts->count = at + 1;
	return &parts->part[at];
}

/*
 * A short name lies in the dentry itself (fs/dcache.c, __d_alloc()), where plain loads reach it: a helper call takes
 * more than all of them.
 */
static __always_inline bool add_name(struct path_parts *parts, struct dentry *dentry)
{
	__u32 length = dentry->d_name.len;
	struct path_part *part = add_part(parts, length);
	const __u64 *word = inline_name(dentry);

	if (!part)
		return false;
	if (length >= sizeof(part->word)) {
		part->name = dentry->d_name.name;
		return true;
	}
	part->name = NULL;
	part->word[0] = word[0];
	if (length > 8) {
		part->word[1] = word[1];
		part->word[2] = word[2];
		part->word[3] = word[3];
	}
	return true;
}

/* `top` is the root mount of the task's mount namespace. */
static __always_inline void gather_parts(struct path_parts *parts, __u32 slot, struct vfsmount *mount,
					 struct dentry *dentry, struct mount *top)
{
	struct dentry *root = mount->mnt_root, *parent;
	struct mount *whole;
	__u32 count;
	int i;

	parts->count = 0;
	parts->bytes = 0;
	parts->cut = 0;
	for (i = 0; i < NEAR_PARTS && dentry != root; i++) {
		parent = dentry->d_parent;
		if (!add_name(parts, dentry))
			return;
		if (parent == dentry) /* a file without a place, such as a memfd */
			return;
		dentry = parent;
	}
	whole = (void *)mount - bpf_core_field_offset(struct mount, mnt);
	if (dentry == root && (whole == top || (__u64)mount == parts->ending))
		return;
	parts->ending = 0;
	parts->mount = whole;
	parts->dentry = dentry;
	parts->root = root;
	parts->top = top;
	count = parts->count;
	gather_rest(slot);
	if (parts->count == count && !parts->cut)
		parts->ending = (__u64)mount;
}

/* Copies a kernel string of at most `max` - 1 bytes to the record's end. */
static __always_inline void write_string(struct merlon_header *header, __u32 limit, struct merlon_str *to, __u32 max,
					 const void *string)
{
	__u32 end = record_end(header);
	long length;

	if (end > limit - max)
		return;
	length = bpf_probe_read_kernel_str((char *)header + end, max, string);
	if (length > 1 && length <= max)
		add_string(header, to, end, length - 1);
}

#endif
