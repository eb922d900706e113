/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* What a program's stdin, stdout and stderr are connected to. */
#ifndef MERLON_STREAM_BPF_H
#define MERLON_STREAM_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include "compat.bpf.h"
#include "events.h"

/* Majors of terminals (Documentation/admin-guide/devices.txt): tty and ttyS, tty and console, ttyUSB, ttyACM, ttyAMA,
 * hvc, pts. */
static __always_inline bool is_tty(__u32 major)
{
	return major == 4 || major == 5 || major == 166 || major == 188 || major == 204 || major == 229 ||
	       (major >= 136 && major <= 143);
}

static __always_inline __u8 stream_kind(struct file *file)
{
	struct inode *inode;
	__u32 device;

	if (!file)
		return MERLON_STREAM_CLOSED;
	inode = BPF_CORE_READ(file, f_inode);
	switch (BPF_CORE_READ(inode, i_mode) & S_IFMT) {
	case S_IFREG:
		return MERLON_STREAM_FILE;
	case S_IFIFO:
		return MERLON_STREAM_PIPE;
	case S_IFSOCK:
		return MERLON_STREAM_SOCKET;
	case S_IFCHR:
		device = BPF_CORE_READ(inode, i_rdev);
		if (device == (1 << 20 | 3))
			return MERLON_STREAM_NULL;
		return is_tty(MAJOR(device)) ? MERLON_STREAM_TTY : MERLON_STREAM_OTHER;
	}
	return MERLON_STREAM_OTHER;
}

/* Streams often share one open file: it is looked at once. */
static __always_inline void fill_streams(struct merlon_exec *exec, struct task_struct *task)
{
	struct file *file[3] = {};

	if (!task->files || bpf_probe_read_kernel(file, sizeof(file), task->files->fdt->fd)) {
		exec->flags |= MERLON_F_INCOMPLETE;
		return;
	}
	exec->stdin_kind = stream_kind(file[0]);
	exec->stdout_kind = file[1] == file[0] ? exec->stdin_kind : stream_kind(file[1]);
	exec->stderr_kind = file[2] == file[1] ? exec->stdout_kind : stream_kind(file[2]);
}

#endif
