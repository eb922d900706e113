/* Maps, and the functions of the kernel that programs call: each created or called by the smallest program that may. */
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstring>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <bpf/btf.h>

#include "bpf.h"
#include "child.h"

namespace probe
{
namespace
{

/* Numbers that the headers of Debian 12 do not have yet. */
constexpr uint32_t kMapCgrpStorage = 32; /* BPF_MAP_TYPE_CGRP_STORAGE, Linux 6.2 */

/* Of enum bpf_func_id. */
constexpr int kGetCurrentPidTgid = 14, kSendSignal = 109, kProbeReadUserStr = 114, kProbeReadKernelStr = 115,
	      kKtimeGetBootNs = 125, kRingbufOutput = 130, kRingbufQuery = 134, kDPath = 147, kGetCurrentTaskBtf = 158,
	      kCopyFromUserTask = 191;

struct Map {
	const char *id;
	uint32_t type, key, value, entries, flags;
};

/* Storage at a kernel object wants types for its key and value. */
Fd int_types()
{
	btf *types = btf__new_empty();
	if (!types)
		return Fd();
	btf__add_int(types, "int", 4, BTF_INT_SIGNED);
	int fd = btf__load_into_kernel(types) ? -1 : dup(btf__fd(types));
	btf__free(types);
	return Fd(fd);
}

Fd create_map(const Map &map, const Fd &types)
{
	bpf_attr attr{};
	attr.map_type = map.type;
	attr.key_size = map.key;
	attr.value_size = map.value;
	attr.max_entries = map.entries;
	attr.map_flags = map.flags;
	if (map.entries == 0) {
		attr.btf_fd = types.get();
		attr.btf_key_type_id = attr.btf_value_type_id = 1;
	}
	return Fd(bpf_call(BPF_MAP_CREATE, attr));
}

const Map kRing{"map.ringbuf", BPF_MAP_TYPE_RINGBUF, 0, 0, 4096, 0};

/* What the verifier says of a helper that it does not know, or not for such a program. */
bool lacks_helper(const std::string &log)
{
	for (const char *words : {"unknown func", "invalid func", "cannot use helper", "helper call is not allowed"})
		if (log.find(words) != std::string::npos)
			return true;
	return false;
}

Feature try_program(const Program &program)
{
	Feature why;
	load(program, why);
	if (why.state == Feature::refused && (why.error == EINVAL || why.error == EACCES) && !lacks_helper(why.message))
		return untried("The verifier refused the probe itself, which says nothing of the helper: " +
			       why.message);
	return why;
}

Program traced(const Code &code)
{
	uint32_t id = type_id("btf_trace_sched_process_exec", BTF_KIND_TYPEDEF);
	return {BPF_PROG_TYPE_TRACING, BPF_TRACE_RAW_TP, 0, id, code + Code{mov64_imm(0, 0), end_program()}};
}

Program iterating(const std::string &target, uint32_t flags, const Code &code)
{
	uint32_t id = type_id("bpf_iter_" + target, BTF_KIND_FUNC);
	return {BPF_PROG_TYPE_TRACING, BPF_TRACE_ITER, flags, id, code + Code{mov64_imm(0, 0), end_program()}};
}

/* r1 = eight bytes of the stack, which are cleared; r2 = their number. */
const Code kBuffer{st_dw(10, -8, 0), mov64_reg(1, 10), add64_imm(1, -8), mov64_imm(2, 8)};

Feature try_copy_from_user_task()
{
	/* struct bpf_iter__task { meta; task }: the task is null at the end. */
	Code code = {ldx_dw(6, 1, 8), jeq_imm(6, 0, 8)};
	return try_program(iterating(
	    "task", BPF_F_SLEEPABLE,
	    code + kBuffer + Code{mov64_imm(3, 0), mov64_reg(4, 6), mov64_imm(5, 0), call(kCopyFromUserTask)}));
}

Feature try_d_path()
{
	/* struct bpf_iter__task_file { meta; task; fd; file } */
	int offset = member_offset(type_id("file", BTF_KIND_STRUCT), "f_path");
	if (offset < 0)
		return untried("struct file has no f_path in this kernel’s types.");
	return try_program(
	    iterating("task_file", 0,
		      {ldx_dw(6, 1, 24), jeq_imm(6, 0, 7), st_dw(10, -8, 0), mov64_reg(1, 6), add64_imm(1, offset),
		       mov64_reg(2, 10), add64_imm(2, -8), mov64_imm(3, 8), call(kDPath)}));
}

/* The number that BPF sees is that of the first pid namespace: in another one it could be somebody else's. */
bool in_first_pid_namespace()
{
	struct stat own;
	constexpr ino_t kFirst = 0xEFFFFFFC; /* PROC_PID_INIT_INO of include/linux/proc_ns.h */
	return stat("/proc/self/ns/pid", &own) == 0 && own.st_ino == kFirst;
}

/* A child that executes this program is ended before its first instruction. */
Feature try_send_signal()
{
	if (!in_first_pid_namespace())
		return untried("Only tried in the machine’s first pid namespace.");
	int start[2];
	if (pipe(start))
		return refused("run", errno);
	pid_t child = fork();
	if (child == 0) {
		char byte;
		close(start[1]);
		if (read(start[0], &byte, 1) != 1)
			_exit(3);
		char name[] = "merlon-probe", end[] = "--end";
		char *argv[] = {name, end, nullptr};
		execv("/proc/self/exe", argv);
		_exit(2);
	}
	Fd read_end(start[0]);
	Fd write_end(start[1]);
	Feature why;
	Fd program = load(traced({call(kGetCurrentPidTgid), rsh64_imm(0, 32), jne_imm(0, child, 2),
				  mov64_imm(1, SIGKILL), call(kSendSignal)}),
			  why);
	Fd link(program ? attach_tracing(program.get()) : -1);
	if (program && !link)
		why = refused("attach", errno);
	if (link && write(write_end.get(), "x", 1) != 1)
		why = refused("run", errno);
	write_end = Fd();
	int status = 0;
	waitpid(child, &status, 0);
	if (link && !(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL))
		why = refused("run", 0, "The signal did not end the program that was executed.");
	return why;
}

} // namespace

void try_maps(Report &report)
{
	Fd types = int_types();
	const Map maps[] = {
	    {"map.array", BPF_MAP_TYPE_ARRAY, 4, 8, 1, 0},
	    {"map.percpu_array", BPF_MAP_TYPE_PERCPU_ARRAY, 4, 8, 1, 0},
	    {"map.hash", BPF_MAP_TYPE_HASH, 4, 8, 1, 0},
	    {"map.lru_hash", BPF_MAP_TYPE_LRU_HASH, 4, 8, 1, 0},
	    {"map.lpm_trie", BPF_MAP_TYPE_LPM_TRIE, 8, 8, 1, BPF_F_NO_PREALLOC},
	    kRing,
	    {"map.task_storage", BPF_MAP_TYPE_TASK_STORAGE, 4, 4, 0, BPF_F_NO_PREALLOC},
	    {"map.cgrp_storage", kMapCgrpStorage, 4, 4, 0, BPF_F_NO_PREALLOC},
	};
	for (const Map &each : maps)
		report.add(each.id, create_map(each, types) ? works() : refused("create", errno));
}

void try_helpers(Report &report)
{
	report.add("helper.ktime_get_boot_ns", try_program(traced({call(kKtimeGetBootNs)})));
	report.add("helper.get_current_task_btf", try_program(traced({call(kGetCurrentTaskBtf)})));
	const Code nowhere{mov64_imm(3, 0)};
	report.add("helper.probe_read_kernel_str",
		   try_program(traced(kBuffer + nowhere + Code{call(kProbeReadKernelStr)})));
	report.add("helper.probe_read_user_str",
		   try_program(traced(kBuffer + nowhere + Code{call(kProbeReadUserStr)})));
	report.add("helper.copy_from_user_task", try_copy_from_user_task());
	report.add("helper.d_path", try_d_path());
	Fd ring = create_map(kRing, Fd());
	if (ring) {
		const Code eight_bytes{st_dw(10, -8, 0), mov64_reg(2, 10), add64_imm(2, -8), mov64_imm(3, 8),
				       mov64_imm(4, 0)};
		report.add("helper.ringbuf_output",
			   try_program(traced(load_map(1, ring.get()) + eight_bytes + Code{call(kRingbufOutput)})));
		report.add("helper.ringbuf_query",
			   try_program(traced(load_map(1, ring.get()) + Code{mov64_imm(2, 0), call(kRingbufQuery)})));
	} else {
		report.add("helper.ringbuf_output", report.at("map.ringbuf"));
		report.add("helper.ringbuf_query", report.at("map.ringbuf"));
	}
	report.add("helper.send_signal", try_send_signal());
}

void try_housekeeping(Report &report)
{
	bpf_attr statistics{};
	statistics.enable_stats.type = BPF_STATS_RUN_TIME;
	report.add("bpf.stats", Fd(bpf_call(BPF_ENABLE_STATS, statistics)) ? works() : refused("enable", errno));

	/* A program of our own, so that there is one. */
	Feature why;
	Fd own = load({BPF_PROG_TYPE_SOCKET_FILTER, 0, 0, 0, {mov64_imm(0, 0), end_program()}}, why);
	bpf_attr next{};
	if (!own)
		report.add("bpf.inventory", why);
	else if (bpf_call(BPF_PROG_GET_NEXT_ID, next))
		report.add("bpf.inventory", refused("list", errno));
	else {
		bpf_attr open{};
		open.prog_id = next.next_id;
		Fd first(bpf_call(BPF_PROG_GET_FD_BY_ID, open));
		/* ENOENT: it was unloaded in between. */
		report.add("bpf.inventory", first || errno == ENOENT ? works() : refused("open", errno));
	}
}

} // namespace probe
