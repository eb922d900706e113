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
#include "events.h"
#include "output.bpf.h"

#define PATH_PARTS 128
#define NAME_BYTES 255 /* NAME_MAX */

struct path_part {
	const unsigned char *name;
	__u64 length;
};

/* What changes with each turn of a loop is volatile: read back from memory, it is one unknown value to the verifier
 * instead of as many states as there are turns. */
struct path_parts {
	struct path_part part[PATH_PARTS];
	volatile __u32 count;
	volatile __u32 bytes; /* of all names, each with its slash */
	__u32 cut;
	__u64 ending; /* a mount with nothing above it, as an address; 0 where none is known in this run */
};

/* False where the part does not fit: then the walk ends. */
static __always_inline bool add_part(struct path_parts *parts, const unsigned char *name, __u32 length)
{
	__u32 at = parts->count, bytes;

	if (length > NAME_BYTES)
		length = NAME_BYTES;
	bytes = parts->bytes + length + 1;
	if (at >= PATH_PARTS || bytes > MERLON_PATH_MAX) {
		parts->cut = 1;
		return false;
	}
	parts->part[at].name = name;
	parts->part[at].length = length;
	parts->bytes = bytes;
	parts->count = at + 1;
	return true;
}

/* From `dentry`, the root of `mount`, to the namespace's root. The pointers are plain numbers to the verifier here. */
static __always_inline void gather_above(struct path_parts *parts, struct mount *mount, struct mount *top)
{
	struct dentry *dentry = NULL, *root = NULL, *parent;
	struct mount *above;
	struct qstr name;
	int i;

	for (i = 0; i < PATH_PARTS; i++) {
		if (dentry == root) {
			if (mount == top)
				return;
			above = BPF_CORE_READ(mount, mnt_parent);
			if (above == mount)
				return;
			dentry = BPF_CORE_READ(mount, mnt_mountpoint);
			root = above == top ? top->mnt.mnt_root : BPF_CORE_READ(above, mnt.mnt_root);
			mount = above;
			continue;
		}
		parent = BPF_CORE_READ(dentry, d_parent);
		if (parent == dentry)
			return;
		bpf_core_read(&name, sizeof(name), &dentry->d_name);
		if (!add_part(parts, name.name, name.len))
			return;
		dentry = parent;
	}
	parts->cut = 1;
}

/* `top` is the root mount of the task's mount namespace: most walks end there without a further read. */
static __always_inline void gather_parts(struct path_parts *parts, struct vfsmount *mount, struct dentry *dentry,
					 struct mount *top)
{
	struct dentry *root = mount->mnt_root, *parent;
	__u32 count;
	int i;

	parts->count = 0;
	parts->bytes = 0;
	parts->cut = 0;
	for (i = 0; i <= PATH_PARTS; i++) {
		if (dentry == root)
			break;
		parent = dentry->d_parent;
		if (!add_part(parts, dentry->d_name.name, dentry->d_name.len))
			return;
		if (parent == dentry) /* a file without a place, such as a memfd */
			return;
		dentry = parent;
	}
	if ((__u64)mount == parts->ending)
		return;
	parts->ending = 0;
	count = parts->count;
	gather_above(parts, (void *)mount - bpf_core_field_offset(struct mount, mnt), top);
	if (parts->count == count && !parts->cut)
		parts->ending = (__u64)mount;
}

/* Writes the gathered path at the record's end and says where in `to`; the record has room for `limit` bytes. */
static __always_inline void write_parts(struct merlon_header *header, __u32 limit, struct merlon_str *to,
					struct path_parts *parts)
{
	char *record = (char *)header;
	__u32 start = record_end(header), count = parts->count, length, at, end;
	int i;

	for (i = 0; i < PATH_PARTS; i++) {
		at = count - 1 - i;
		end = record_end(header);
		if (at >= PATH_PARTS || end > limit - NAME_BYTES - 1)
			break;
		length = parts->part[at].length & NAME_BYTES;
		if (i || !parts->cut)
			record[end++] = '/';
		/* Whole words are cheaper; what is too much is overwritten by the next part or by close_record(). */
		bpf_probe_read_kernel(record + end, (length + 7) & ~7u, parts->part[at].name);
		set_record_end(header, end + length);
	}
	end = record_end(header);
	if (!count && end < limit) { /* the root itself */
		record[end++] = '/';
		set_record_end(header, end);
	}
	to->off = start;
	to->len = end - start;
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
