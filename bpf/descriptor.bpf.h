/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * The BPF program or link behind a descriptor of the task's. The file's name says what its private data is: the address
 * of the operations, which would say so, is not to be had without CAP_SYSLOG. Another thread can change the descriptor
 * at any time, so every read is one that may fail.
 */
#ifndef MERLON_DESCRIPTOR_BPF_H
#define MERLON_DESCRIPTOR_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include "compat.bpf.h"
#include "events.h"

/*
 * Eight characters each (kernel/bpf/syscall.c: bpf_prog_new_fd(), bpf_link_prime(), bpf_link_new_fd()). A link's
 * descriptor is of the one name where the link was made, and of the other where it was got by id or from a pin.
 */
#define PROGRAM_FILE 0x676f72702d667062  /* bpf-prog */
#define LINK_FILE 0x6b6e696c5f667062     /* bpf_link */
#define GOT_LINK_FILE 0x6b6e696c2d667062 /* bpf-link */
#define FILE_NAME_LENGTH 8

/* NULL where the file behind it is of neither name. */
static __always_inline void *behind_descriptor(struct task_struct *task, __u32 fd, __u64 name, __u64 other_name)
{
	struct files_struct *files = task->files;
	struct file *file = NULL;
	struct dentry *dentry;
	__u64 found = 0;

	if (!files || fd >= files->fdt->max_fds)
		return NULL;
	if (bpf_probe_read_kernel(&file, sizeof(file), files->fdt->fd + fd) || !file)
		return NULL;
	dentry = BPF_CORE_READ(file, f_path.dentry);
	bpf_probe_read_kernel(&found, sizeof(found), inline_name(dentry));
	if ((found != name && found != other_name) || BPF_CORE_READ(dentry, d_name.len) != FILE_NAME_LENGTH)
		return NULL;
	return BPF_CORE_READ(file, private_data);
}

static __always_inline bool fill_program(struct merlon_bpf *bpf, struct bpf_prog *program)
{
	struct bpf_prog_aux *aux;

	if (!program)
		return false;
	aux = BPF_CORE_READ(program, aux);
	bpf->program_type = BPF_CORE_READ(program, type);
	bpf->attach_type = BPF_CORE_READ(program, expected_attach_type);
	bpf_core_read(&bpf->tag, sizeof(bpf->tag), &program->tag);
	bpf->program_id = BPF_CORE_READ(aux, id);
	bpf_core_read(bpf->name, sizeof(bpf->name), &aux->name);
	return true;
}

static __always_inline bool fill_link(struct merlon_bpf *bpf, struct bpf_link *link)
{
	if (!link)
		return false;
	fill_program(bpf, BPF_CORE_READ(link, prog));
	bpf->link_id = BPF_CORE_READ(link, id);
	bpf->link_type = BPF_CORE_READ(link, type);
	return true;
}

static __always_inline bool program_behind(struct merlon_bpf *bpf, struct task_struct *task, __u32 fd)
{
	return fill_program(bpf, behind_descriptor(task, fd, PROGRAM_FILE, PROGRAM_FILE));
}

static __always_inline bool link_behind(struct merlon_bpf *bpf, struct task_struct *task, __u32 fd)
{
	return fill_link(bpf, behind_descriptor(task, fd, LINK_FILE, GOT_LINK_FILE));
}

#endif
