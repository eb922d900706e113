/* Programs that watch, and those that decide, at the places where Merlon attaches them or would. */
#include <cerrno>
#include <cstring>
#include <linux/perf_event.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <bpf/btf.h>

#include "bpf.h"
#include "child.h"

namespace probe
{
namespace
{

const char *const kNoTypes = "The kernel does not describe its types (no BTF).";
const char *const kNotRun = "It was loaded and attached, but did not run.";
/* A function that the kernel has for tests of such programs (net/bpf/test_run.c). */
const char *const kTestFunction = "bpf_fentry_test1";

struct Traced {
	const char *id;
	uint32_t type, attach;
	const char *target;
	uint32_t kind; /* of `target` in BTF */
	uint32_t flags;
};

/* Loads and attaches; `run` then has to make it run. */
template <typename Run> Feature try_traced(const Traced &what, Run run)
{
	if (!kernel_types())
		return refused("load", ENOENT, kNoTypes);
	uint32_t id = type_id(what.target, what.kind);
	if (id == 0)
		return refused("load", ESRCH, std::string("This kernel has no ") + what.target + ".");
	Counter counter;
	Feature why;
	Fd program = load({what.type, what.attach, what.flags, id, counter.counted(0)}, why);
	if (!program)
		return why;
	Fd link(attach_tracing(program.get()));
	if (!link)
		return refused("attach", errno);
	int error = run(program.get());
	if (error)
		return refused("run", error);
	return counter.ran() ? works() : refused("run", 0, kNotRun);
}

int run_by_exec(int)
{
	return exec_self() == 0 ? 0 : ECHILD;
}

/* Has the kernel call its own test functions. */
int run_by_test(int program)
{
	bpf_attr attr{};
	attr.test.prog_fd = program;
	return bpf_call(BPF_PROG_TEST_RUN, attr) ? errno : 0;
}

Feature try_raw_tracepoint()
{
	Counter counter;
	Feature why;
	Fd program = load({BPF_PROG_TYPE_RAW_TRACEPOINT, 0, 0, 0, counter.counted(0)}, why);
	if (!program)
		return why;
	bpf_attr attr{};
	attr.raw_tracepoint.name = reinterpret_cast<uintptr_t>("sched_process_exec");
	attr.raw_tracepoint.prog_fd = program.get();
	Fd link(bpf_call(BPF_RAW_TRACEPOINT_OPEN, attr));
	if (!link)
		return refused("attach", errno);
	exec_self();
	return counter.ran() ? works() : refused("run", 0, kNotRun);
}

/* An event is of one processor: this process and its children stay on it meanwhile. */
Feature attach_event(const Fd &program, const Counter &counter, perf_event_attr event)
{
	cpu_set_t before, one;
	int cpu = sched_getcpu();
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	if (sched_getaffinity(0, sizeof before, &before) || sched_setaffinity(0, sizeof one, &one))
		return untried("No processor could be chosen to try it on.");
	event.size = sizeof event;
	event.sample_period = 1;
	event.wakeup_events = 1;
	Fd opened(static_cast<int>(syscall(SYS_perf_event_open, &event, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC)));
	Feature found = works();
	if (!opened)
		found = refused("open", errno);
	else if (ioctl(opened.get(), PERF_EVENT_IOC_SET_BPF, program.get()) ||
		 ioctl(opened.get(), PERF_EVENT_IOC_ENABLE, 0))
		found = refused("attach", errno);
	else {
		exec_self();
		if (!counter.ran())
			found = refused("run", 0, kNotRun);
	}
	sched_setaffinity(0, sizeof before, &before);
	return found;
}

Feature try_tracepoint()
{
	auto id = read_text("/sys/kernel/tracing/events/syscalls/sys_exit_execve/id");
	Counter counter;
	Feature why;
	Fd program = load({BPF_PROG_TYPE_TRACEPOINT, 0, 0, 0, counter.counted(0)}, why);
	if (!program)
		return why;
	if (!id)
		return refused(
		    "attach", ENOENT,
		    "tracefs has no tracepoints of system calls (CONFIG_FTRACE_SYSCALLS), or cannot be mounted.");
	perf_event_attr event{};
	event.type = PERF_TYPE_TRACEPOINT;
	event.config = strtoull(id->c_str(), nullptr, 10);
	return attach_event(program, counter, event);
}

Feature try_kprobe()
{
	auto type = read_text("/sys/bus/event_source/devices/kprobe/type");
	Counter counter;
	Feature why;
	Fd program = load({BPF_PROG_TYPE_KPROBE, 0, 0, 0, counter.counted(0)}, why);
	if (!program)
		return why;
	if (!type)
		return refused("attach", ENOENT, "This kernel is built without kprobes (CONFIG_KPROBE_EVENTS).");
	perf_event_attr event{};
	event.type = strtoul(type->c_str(), nullptr, 10);
	event.kprobe_func = reinterpret_cast<uintptr_t>("begin_new_exec");
	return attach_event(program, counter, event);
}

Feature try_iterator(const std::string &target, uint32_t flags)
{
	uint32_t id = type_id("bpf_iter_" + target, BTF_KIND_FUNC);
	if (!kernel_types())
		return refused("load", ENOENT, kNoTypes);
	if (id == 0)
		return refused("load", ESRCH, "This kernel has no iterator over " + target + ".");
	Counter counter;
	Feature why;
	Fd program = load({BPF_PROG_TYPE_TRACING, BPF_TRACE_ITER, flags, id, counter.counted(0)}, why);
	if (!program)
		return why;
	Fd link(create_link(program.get(), 0, BPF_TRACE_ITER));
	if (!link)
		return refused("attach", errno);
	bpf_attr attr{};
	attr.iter_create.link_fd = link.get();
	Fd iterator(bpf_call(BPF_ITER_CREATE, attr));
	if (!iterator)
		return refused("create", errno);
	char nothing[64];
	if (read(iterator.get(), nothing, sizeof nothing) < 0)
		return refused("run", errno);
	return counter.ran() ? works() : refused("run", 0, kNotRun);
}

} // namespace

void try_types(Report &report)
{
	errno = 0;
	report.add("btf.vmlinux", kernel_types() ? works() : refused("read", errno ? errno : ENOENT, kNoTypes));
}

void try_tracing(Report &report)
{
	constexpr uint32_t tracing = BPF_PROG_TYPE_TRACING;
	report.add("prog.tp_btf", try_traced({"prog.tp_btf", tracing, BPF_TRACE_RAW_TP, "btf_trace_sched_process_exec",
					      BTF_KIND_TYPEDEF, 0},
					     run_by_exec));
	report.add("prog.raw_tracepoint", try_raw_tracepoint());
	report.add("prog.tracepoint", try_tracepoint());
	const Traced tested[] = {
	    {"prog.fentry", tracing, BPF_TRACE_FENTRY, kTestFunction, BTF_KIND_FUNC, 0},
	    {"prog.fexit", tracing, BPF_TRACE_FEXIT, kTestFunction, BTF_KIND_FUNC, 0},
	};
	for (const Traced &each : tested)
		report.add(each.id, try_traced(each, run_by_test));
	report.add("prog.kprobe", try_kprobe());
}

/*
 * A program on a security hook may load and attach, and yet never run: without "bpf" in lsm= the kernel does not call
 * it (security/bpf/hooks.c). So it is seen to run. It allows everything.
 */
void try_security_hooks(Report &report)
{
	const Traced hooks[] = {
	    {"prog.lsm", BPF_PROG_TYPE_LSM, BPF_LSM_MAC, "bpf_lsm_bprm_check_security", BTF_KIND_FUNC, 0},
	    {"prog.lsm_sleepable", BPF_PROG_TYPE_LSM, BPF_LSM_MAC, "bpf_lsm_bprm_check_security", BTF_KIND_FUNC,
	     BPF_F_SLEEPABLE},
	};
	for (const Traced &each : hooks) {
		Feature found = try_traced(each, run_by_exec);
		if (found.step == "run" && found.error == 0)
			found.message =
			    "It was loaded and attached, but the kernel never called it: “bpf” is not in lsm=.";
		report.add(each.id, found);
	}
}

void try_iterators(Report &report)
{
	report.add("prog.iter_task", try_iterator("task", 0));
	report.add("prog.iter_task_sleepable", try_iterator("task", BPF_F_SLEEPABLE));
}

} // namespace probe
