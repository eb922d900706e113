/* SPDX-License-Identifier: MIT */
/*
 * Calls bpf() for everything that is told of programs, on things of its own alone: a folder with a bpf file system, and
 * a cgroup. With "refused": as another user, who may not load; with "flood": that many times, and then one of root's on
 * the same processor. With "calls32": loads one as a 32-bit program does.
 */
#include "trigger.h"
#include <linux/bpf.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define NOBODY 65534
#define FLOOD 1000
#define BPF32 357 /* asm/unistd_32.h */
#define NO_CALLS32 77

/* Everything passes: return 1. */
static const struct bpf_insn pass[] = {{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 1},
				       {.code = BPF_JMP | BPF_EXIT}};

static int call(int command, union bpf_attr *attr)
{
	return (int)syscall(SYS_bpf, command, attr, sizeof(*attr));
}

static int must(const char *what, int command, union bpf_attr *attr)
{
	int result = call(command, attr);

	if (result < 0)
		DIE(what);
	return result;
}

static union bpf_attr program(enum bpf_prog_type type, enum bpf_attach_type attach, const char *name)
{
	union bpf_attr attr = {.prog_type = type,
			       .insns = (unsigned long)pass,
			       .insn_cnt = sizeof(pass) / sizeof(*pass),
			       .license = (unsigned long)"GPL",
			       .expected_attach_type = attach};

	strcpy(attr.prog_name, name);
	return attr;
}

static int load(enum bpf_prog_type type, enum bpf_attach_type attach, const char *name)
{
	union bpf_attr attr = program(type, attach, name);

	return must(name, BPF_PROG_LOAD, &attr);
}

static void print_program(const char *name, int fd)
{
	struct bpf_prog_info info = {};
	union bpf_attr attr = {.info = {.bpf_fd = fd, .info_len = sizeof(info), .info = (unsigned long)&info}};

	must("program's info", BPF_OBJ_GET_INFO_BY_FD, &attr);
	printf("\"%s\":{\"id\":%u,\"tag\":\"", name, info.id);
	for (int i = 0; i < BPF_TAG_SIZE; i++)
		printf("%02x", info.tag[i]);
	printf("\"},");
}

static unsigned link_id(int fd)
{
	struct bpf_link_info info = {};
	union bpf_attr attr = {.info = {.bpf_fd = fd, .info_len = sizeof(info), .info = (unsigned long)&info}};

	must("link's info", BPF_OBJ_GET_INFO_BY_FD, &attr);
	return info.id;
}

/* A new cgroup of version 2, which the caller removes; this process does not enter it. */
static const char *own_cgroup(void)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof(path), "/sys/fs/cgroup/unified/merlon-trigger-%d", getpid());
	if (mkdir(path, 0700) == 0)
		return path;
	snprintf(path, sizeof(path), "/sys/fs/cgroup/merlon-trigger-%d", getpid());
	if (mkdir(path, 0700))
		DIE(path);
	return path;
}

static void pin(const char *folder, const char *name, int fd, char *path, size_t size)
{
	union bpf_attr attr = {.bpf_fd = fd};

	snprintf(path, size, "%s/%s", folder, name);
	attr.pathname = (unsigned long)path;
	must("pin", BPF_OBJ_PIN, &attr);
}

static int map(void)
{
	union bpf_attr attr = {.map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1};

	return must("map", BPF_MAP_CREATE, &attr);
}

struct made {
	char folder[PATH_MAX];
	char program_path[PATH_MAX + 8];
	char link_path[PATH_MAX + 8];
	unsigned traced_link;
	unsigned group_link;
};

/* In a mount namespace of its own, so that nothing of it stays. */
static void pin_all(struct made *made, int program, int link)
{
	char path[PATH_MAX + 8];

	strcpy(made->folder, own_folder());
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("bpf", made->folder, "bpf", 0, NULL))
		DIE("mount");
	pin(made->folder, "program", program, made->program_path, sizeof(made->program_path));
	pin(made->folder, "link", link, made->link_path, sizeof(made->link_path));
	pin(made->folder, "map", map(), path, sizeof(path)); /* which is not told */
	if (umount(made->folder))
		DIE("umount");
	rmdir(made->folder);
}

static void with_link(struct made *made, int group, int first, int second)
{
	union bpf_attr create = {
	    .link_create = {.prog_fd = first, .target_fd = group, .attach_type = BPF_CGROUP_INET_EGRESS}};
	int link = must("link", BPF_LINK_CREATE, &create);
	union bpf_attr update = {.link_update = {.link_fd = link, .new_prog_fd = second}};
	union bpf_attr get = {.link_id = made->group_link = link_id(link)};
	/* As bpftool has it: a file of another name than the one of the process that made the link. */
	int got = must("link by id", BPF_LINK_GET_FD_BY_ID, &get);
	union bpf_attr detach = {.link_detach = {.link_fd = got}};

	pin_all(made, first, got);
	must("update", BPF_LINK_UPDATE, &update);
	must("detach", BPF_LINK_DETACH, &detach);
}

static void without_link(int group, int first)
{
	union bpf_attr attr = {.target_fd = group, .attach_bpf_fd = first, .attach_type = BPF_CGROUP_INET_EGRESS};

	must("attach", BPF_PROG_ATTACH, &attr);
	must("detach", BPF_PROG_DETACH, &attr);
}

static int everything(void)
{
	int traced = load(BPF_PROG_TYPE_RAW_TRACEPOINT, 0, "merlon_traced");
	int first = load(BPF_PROG_TYPE_CGROUP_SKB, BPF_CGROUP_INET_EGRESS, "merlon_first");
	int second = load(BPF_PROG_TYPE_CGROUP_SKB, BPF_CGROUP_INET_EGRESS, "merlon_second");
	union bpf_attr trace = {.raw_tracepoint = {.name = (unsigned long)"sched_process_exit", .prog_fd = traced}};
	struct made made;
	const char *cgroup = own_cgroup();
	int group = open(cgroup, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	made.traced_link = link_id(must("trace", BPF_RAW_TRACEPOINT_OPEN, &trace));
	with_link(&made, group, first, second);
	without_link(group, first);
	rmdir(cgroup);
	printf("{\"pid\":%d,", getpid());
	print_program("traced", traced);
	print_program("first", first);
	print_program("second", second);
	printf("\"traced_link\":%u,\"group_link\":%u,\"program_path\":\"%s\",\"link_path\":\"%s\"}\n", made.traced_link,
	       made.group_link, made.program_path, made.link_path);
	return 0;
}

static int refused(void)
{
	union bpf_attr attr = program(BPF_PROG_TYPE_KPROBE, 0, "merlon_refused");

	if (setresgid(NOBODY, NOBODY, NOBODY) || setresuid(NOBODY, NOBODY, NOBODY))
		DIE("setresuid");
	if (call(BPF_PROG_LOAD, &attr) >= 0)
		return 1;
	printf("{\"pid\":%d,\"errno\":%d}\n", getpid(), errno);
	return 0;
}

static int flood(void)
{
	union bpf_attr attr = program(BPF_PROG_TYPE_KPROBE, 0, "merlon_refused");
	cpu_set_t one;
	int real, refused = 0;

	CPU_ZERO(&one);
	CPU_SET(0, &one);
	if (sched_setaffinity(0, sizeof(one), &one) || seteuid(NOBODY))
		DIE("setup");
	while (refused < FLOOD && call(BPF_PROG_LOAD, &attr) < 0)
		refused++;
	if (seteuid(0))
		DIE("seteuid");
	real = load(BPF_PROG_TYPE_RAW_TRACEPOINT, 0, "merlon_traced");
	printf("{\"pid\":%d,", getpid());
	print_program("traced", real);
	printf("\"refused\":%d}\n", refused);
	return 0;
}

static void no_calls32(int number)
{
	(void)number;
	_exit(NO_CALLS32);
}

/* int 0x80 takes the 32-bit system call whoever executes it; static, what this program hands over lies below 4 GiB. */
static int calls32(void)
{
	union bpf_attr *attr =
	    mmap(NULL, sizeof(*attr), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	int fd;

	if (attr == MAP_FAILED)
		DIE("mmap");
	signal(SIGSEGV, no_calls32);
	*attr = program(BPF_PROG_TYPE_RAW_TRACEPOINT, 0, "merlon_32");
	__asm__ volatile("int $0x80"
			 : "=a"(fd)
			 : "a"(BPF32), "b"(BPF_PROG_LOAD), "c"(attr), "d"(sizeof(*attr))
			 : "memory", "r8", "r9", "r10", "r11");
	if (fd < 0) {
		errno = -fd;
		DIE("load");
	}
	printf("{\"pid\":%d,", getpid());
	print_program("traced", fd);
	printf("\"name\":\"merlon_32\"}\n");
	return 0;
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";

	if (strcmp(mode, "refused") == 0)
		return refused();
	if (strcmp(mode, "flood") == 0)
		return flood();
	return strcmp(mode, "calls32") == 0 ? calls32() : everything();
}
