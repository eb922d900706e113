/* SPDX-License-Identifier: MIT */
/*
 * Holds BPF of its own until its standard input ends: a program where Merlon's are, which could send signals and never
 * does; one on a cgroup of its own by a link, one there without. It says what they are.
 */
#include "trigger.h"
#include <linux/bpf.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define CODE(...) (const struct bpf_insn[]){__VA_ARGS__}, sizeof((const struct bpf_insn[]){__VA_ARGS__}) / 8

static int must(const char *what, int command, union bpf_attr *attr)
{
	int result = (int)syscall(SYS_bpf, command, attr, sizeof(*attr));

	if (result < 0)
		DIE(what);
	return result;
}

static int load(enum bpf_prog_type type, enum bpf_attach_type attach, const char *name, const struct bpf_insn *code,
		unsigned count)
{
	union bpf_attr attr = {.prog_type = type,
			       .insns = (unsigned long)code,
			       .insn_cnt = count,
			       .license = (unsigned long)"GPL",
			       .expected_attach_type = attach};

	strcpy(attr.prog_name, name);
	return must(name, BPF_PROG_LOAD, &attr);
}

static unsigned id_of(int fd)
{
	struct bpf_prog_info info = {};
	union bpf_attr attr = {.info = {.bpf_fd = fd, .info_len = sizeof(info), .info = (unsigned long)&info}};

	must("info", BPF_OBJ_GET_INFO_BY_FD, &attr);
	return info.id;
}

int main(void)
{
	/* The first argument of sched_process_exec is a task's address, and so never 1. */
	int armed =
	    load(BPF_PROG_TYPE_RAW_TRACEPOINT, 0, "merlon_armed",
		 CODE({.code = BPF_LDX | BPF_DW | BPF_MEM, .dst_reg = BPF_REG_2, .src_reg = BPF_REG_1},
		      {.code = BPF_JMP | BPF_JNE | BPF_K, .dst_reg = BPF_REG_2, .off = 2, .imm = 1},
		      {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_1, .imm = SIGCONT},
		      {.code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_send_signal},
		      {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0}, {.code = BPF_JMP | BPF_EXIT}));
	int linked = load(
	    BPF_PROG_TYPE_CGROUP_SKB, BPF_CGROUP_INET_EGRESS, "merlon_linked",
	    CODE({.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 1}, {.code = BPF_JMP | BPF_EXIT}));
	int bare = load(
	    BPF_PROG_TYPE_CGROUP_SKB, BPF_CGROUP_INET_INGRESS, "merlon_bare",
	    CODE({.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 1}, {.code = BPF_JMP | BPF_EXIT}));
	union bpf_attr trace = {.raw_tracepoint = {.name = (unsigned long)"sched_process_exec", .prog_fd = armed}};
	char cgroup[PATH_MAX], byte;

	snprintf(cgroup, sizeof(cgroup), "/sys/fs/cgroup/unified/merlon-held-%d", getpid());
	if (mkdir(cgroup, 0700)) {
		snprintf(cgroup, sizeof(cgroup), "/sys/fs/cgroup/merlon-held-%d", getpid());
		if (mkdir(cgroup, 0700))
			DIE(cgroup);
	}
	int group = open(cgroup, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	union bpf_attr link = {
	    .link_create = {.prog_fd = linked, .target_fd = group, .attach_type = BPF_CGROUP_INET_EGRESS}};
	union bpf_attr attach = {.target_fd = group, .attach_bpf_fd = bare, .attach_type = BPF_CGROUP_INET_INGRESS};

	must("trace", BPF_RAW_TRACEPOINT_OPEN, &trace);
	must("link", BPF_LINK_CREATE, &link);
	must("attach", BPF_PROG_ATTACH, &attach);
	printf("{\"pid\":%d,\"armed\":%u,\"linked\":%u,\"bare\":%u,\"cgroup\":\"/merlon-held-%d\"}\n", getpid(),
	       id_of(armed), id_of(linked), id_of(bare), getpid());
	fflush(stdout);
	while (read(0, &byte, 1) > 0)
		;
	rmdir(cgroup); /* its programs go with it */
	return 0;
}
