/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* What a caller asks of bpf(), and which of it is told. */
#ifndef MERLON_ASKED_BPF_H
#define MERLON_ASKED_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "events.h"

#define EPERM 1
#define EACCES 13

/*
 * The beginning of union bpf_attr, whose places are for good and the same for 32-bit callers (uapi/linux/bpf.h). By
 * command:
 *
 *                PROG_LOAD   OBJ_PIN   PROG_ATTACH, PROG_DETACH   LINK_CREATE   LINK_UPDATE, LINK_DETACH
 */
struct asked {
	__u32 first;  /* type        address   target                     program       link */
	__u32 second; /*             address   program                    target */
	__u32 third;  /*             object    attach type                attach type */
	__u32 pad[9];
	char name[MERLON_COMM_LEN]; /* of PROG_LOAD, as what follows */
	__u32 ifindex;
	__u32 attach_type;
};
_Static_assert(sizeof(struct asked) == 72, "asked");

static __always_inline bool is_told(__u32 command, long result)
{
	switch (command) {
	case BPF_PROG_LOAD:
		return result >= 0 || result == -EPERM || result == -EACCES;
	case BPF_OBJ_PIN:
	case BPF_PROG_ATTACH:
	case BPF_PROG_DETACH:
	case BPF_RAW_TRACEPOINT_OPEN:
	case BPF_LINK_CREATE:
	case BPF_LINK_UPDATE:
	case BPF_LINK_DETACH:
		return result >= 0;
	}
	return false;
}

#endif
