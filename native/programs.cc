#include "programs.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <sstream>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/capability.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "merlon.skel.h"

namespace native
{
namespace
{

/* Without these there is no process sensor; every other program may be refused by a kernel. */
const std::vector<std::string> kMandatory{"process_exec", "process_fork", "process_exit"};
/*
 * Failed attempts to exec: at the end of the system calls' functions, which costs other calls nothing; for 32-bit
 * callers too. Elsewhere tracepoints stand in, so that nothing is told twice.
 */
const std::vector<std::string> kFailedExec{"fexit_exec", "fexit_execat"};
const std::vector<std::string> kFailedExec32{"fexit_exec32", "fexit_execat32"};
const std::vector<std::string> kFailedExecPlain{"exec_failed", "execveat_failed"};
const std::vector<std::string> kOptional{"cgroup_made", "task_made", "snapshot"};
const std::string kSnapshot = "snapshot";            /* sleepable, kernel 5.18 and later */
const std::string kSnapshotPlain = "snapshot_plain"; /* stands in for it where it is refused */
/* Past this share of the ring a producer wakes the reader, however recently it looked. */
constexpr uint32_t kWakeupShare = 4;

std::vector<std::string> joined(std::vector<std::string> first, const std::vector<std::string> &second)
{
	first.insert(first.end(), second.begin(), second.end());
	return first;
}

bool has(const std::vector<std::string> &names, const std::string &name)
{
	return std::find(names.begin(), names.end(), name) != names.end();
}

bool may_load()
{
	__user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
	__user_cap_data_struct data[2]{};
	if (syscall(SYS_capget, &header, data))
		return true; /* then the kernel's own answer has to do */
	uint64_t effective = data[0].effective | uint64_t{data[1].effective} << 32;
	auto held = [&](int capability) { return (effective >> capability & 1) != 0; };
	return held(CAP_SYS_ADMIN) || (held(CAP_BPF) && held(CAP_PERFMON));
}

/* The errno's text and the end of the log, without what libbpf says of every failure. */
std::string reason_of(int error, const std::string &log)
{
	constexpr size_t kept = 400;
	const std::vector<std::string> noise{"failed to load object", "failed to load BPF skeleton",
					     "try raising 'ulimit"};
	std::string reason;
	std::istringstream lines(log);
	for (std::string line; std::getline(lines, line);) {
		auto in_line = [&](const std::string &each) { return line.find(each) != std::string::npos; };
		if (!line.empty() && std::none_of(noise.begin(), noise.end(), in_line))
			reason += "\n" + line;
	}
	if (reason.size() > kept)
		reason = "\n…" + reason.substr(reason.size() - kept);
	return strerror(error) + reason;
}

Failure load_failure(int error, const std::string &log)
{
	const char *code = code_of(error, log);
	std::string message =
	    strcmp(code, "rejected") == 0
		? "The kernel’s verifier refused a sensor program."
		: std::string("The kernel did not load the sensor programs: ") + strerror(error) + ".";
	return Failure{code, error, message, log};
}

void autoload_only(merlon *object, const std::vector<std::string> &names)
{
	bpf_program *program;
	bpf_object__for_each_program(program, object->obj)
	    bpf_program__set_autoload(program, has(names, bpf_program__name(program)));
}

/* The perf event that the launcher opened for this program's tracepoint (native/launcher says why), or -1. */
int handed_tracepoint(const bpf_program *program)
{
	const char *given = getenv("MERLON_TRACEPOINTS");
	std::string section = bpf_program__section_name(program);
	size_t slash = section.find('/');
	if (!given || slash == std::string::npos)
		return -1;
	std::string list = std::string(";") + given, key = ";" + section.substr(slash + 1) + "=";
	size_t at = list.find(key);
	/* A copy: the link that it goes into closes it. */
	return at == std::string::npos ? -1 : fcntl(atoi(list.c_str() + at + key.size()), F_DUPFD_CLOEXEC, 0);
}

/*
 * Gives back the launcher's perf events: open, they alone keep every thread on the slow way through system calls.
 */
void close_tracepoints()
{
	const char *given = getenv("MERLON_TRACEPOINTS");
	std::istringstream list(given ? given : "");
	for (std::string each; std::getline(list, each, ';');)
		close(atoi(each.c_str() + each.find('=') + 1));
	unsetenv("MERLON_TRACEPOINTS");
}

bpf_link *attach_program(const bpf_program *program)
{
	int event = handed_tracepoint(program);
	if (event < 0)
		return bpf_program__attach(program);
	bpf_link *link = bpf_program__attach_perf_event(program, event);
	if (!link) {
		int error = errno;
		close(event);
		errno = error;
	}
	return link;
}

} // namespace

Programs::~Programs()
{
	close();
}

std::string Programs::layout_hash()
{
	LogCapture log;
	merlon *opened = merlon__open();
	if (!opened)
		return "";
	auto text = reinterpret_cast<const char *>(const_cast<const char *>(opened->rodata->layout_hash));
	std::string hash(text, strnlen(text, sizeof opened->rodata->layout_hash));
	merlon__destroy(opened);
	return hash;
}

std::optional<Failure> Programs::load(uint32_t ring_bytes)
{
	if (!may_load())
		return Failure{"not_permitted", EPERM, "The helper lacks CAP_BPF or CAP_PERFMON.", ""};
	/* Nearly every kernel takes all of these, in one object: for each libbpf reads all of the kernel's types. */
	usual = !load_named(joined(kMandatory, kOptional), ring_bytes);
	return usual ? std::nullopt : load_named(kMandatory, ring_bytes);
}

std::optional<Failure> Programs::load_named(const std::vector<std::string> &names, uint32_t ring_bytes)
{
	LogCapture log;
	skeleton = merlon__open();
	if (!skeleton)
		return load_failure(errno, log.take());
	bpf_map__set_max_entries(skeleton->maps.ring, ring_bytes);
	skeleton->rodata->wakeup_bytes = ring_bytes / kWakeupShare;
	autoload_only(skeleton, names);
	int error = merlon__load(skeleton);
	if (error == 0)
		return std::nullopt;
	merlon__destroy(skeleton);
	skeleton = nullptr;
	return load_failure(-error, log.take());
}

bool Programs::attach_one(bpf_program *program, int &error, std::string &said)
{
	LogCapture log;
	bpf_link *link = attach_program(program);
	error = link ? 0 : errno;
	said = log.take();
	if (link)
		links.push_back({bpf_program__name(program), program, link});
	return link;
}

std::optional<Failure> Programs::attach()
{
	bpf_program *program;
	bpf_object__for_each_program(program, skeleton->obj)
	{
		int error;
		std::string said;
		std::string name = bpf_program__name(program);
		if (!has(kMandatory, name) || attach_one(program, error, said))
			continue;
		return Failure{code_of(error, said), error,
			       "The kernel did not attach " + name + ": " + strerror(error) + ".", said};
	}
	return std::nullopt;
}

/* All but the first so many. */
void Programs::drop_links(size_t kept)
{
	for (size_t i = kept; i < links.size(); i++)
		bpf_link__destroy(links[i].link);
	links.resize(kept);
}

/* A further object with the programs named, over the maps of the first. Nothing, and the reason, where it is refused.
 */
merlon *Programs::load_beside(const std::vector<std::string> &names, std::string &reason)
{
	LogCapture log;
	merlon *object = merlon__open();
	int error = object ? 0 : errno;
	if (object) {
		autoload_only(object, names);
		bpf_map *map;
		bpf_object__for_each_map(map, object->obj)
		{
			bpf_map *first = bpf_object__find_map_by_name(skeleton->obj, bpf_map__name(map));
			if (!error)
				error = first ? -bpf_map__reuse_fd(map, bpf_map__fd(first)) : ENOENT;
		}
	}
	if (!error)
		error = -merlon__load(object);
	if (!error)
		return object;
	if (object)
		merlon__destroy(object);
	reason = reason_of(error, log.take());
	return nullptr;
}

bool Programs::add(const std::vector<std::string> &names, std::string &reason)
{
	merlon *object = load_beside(names, reason);
	if (!object)
		return false;
	beside.push_back(object);
	bpf_program *program;
	bpf_object__for_each_program(program, object->obj)
	{
		int error;
		std::string said;
		if (bpf_program__autoload(program) && !attach_one(program, error, said))
			refusals.push_back({bpf_program__name(program), reason_of(error, said)});
	}
	return true;
}

/* All of them or none. */
bool Programs::add_whole(const std::vector<std::string> &names, std::string &reason)
{
	size_t links_before = links.size(), refusals_before = refusals.size();
	if (!add(names, reason))
		return false;
	if (refusals.size() == refusals_before)
		return true;
	reason = refusals.back().reason;
	refusals.resize(refusals_before);
	drop_links(links_before);
	merlon__destroy(beside.back());
	beside.pop_back();
	return false;
}

/* An object loads whole or not at all: then one by one, to find out which is refused. */
void Programs::add_each(const std::vector<std::string> &names)
{
	std::string reason;
	if (add(names, reason))
		return;
	for (const std::string &name : names) {
		if (add({name}, reason))
			continue;
		refusals.push_back({name, reason});
		if (name == kSnapshot && !add({kSnapshotPlain}, reason))
			refusals.push_back({kSnapshotPlain, reason});
	}
}

void Programs::add_failed_exec()
{
	std::string reason;
	if (!add_whole(joined(kFailedExec, kFailedExec32), reason) && !add_whole(kFailedExec, reason))
		return add_each(kFailedExecPlain);
	close_tracepoints();
	/* Not there where the kernel runs no 32-bit programs. */
	if (has(attached(), kFailedExec32.front()) ||
	    libbpf_find_vmlinux_btf_id("__ia32_compat_sys_execve", BPF_TRACE_FEXIT) <= 0)
		return;
	for (const std::string &name : kFailedExec32)
		refusals.push_back({name, reason});
}

/* Those that were loaded with the mandatory ones: all of them or none. */
bool Programs::attach_loaded()
{
	size_t links_before = links.size();
	bpf_program *program;
	bpf_object__for_each_program(program, skeleton->obj)
	{
		int error;
		std::string said;
		if (!bpf_program__autoload(program) || has(kMandatory, bpf_program__name(program)) ||
		    attach_one(program, error, said))
			continue;
		drop_links(links_before);
		return false;
	}
	return true;
}

void Programs::add_optional()
{
	if (!usual || !attach_loaded())
		add_each(kOptional);
	add_failed_exec();
}

void Programs::close()
{
	for (Attached &each : links)
		bpf_link__destroy(each.link);
	links.clear();
	for (merlon *object : beside)
		merlon__destroy(object);
	beside.clear();
	if (skeleton)
		merlon__destroy(skeleton);
	skeleton = nullptr;
}

int Programs::ring() const
{
	return bpf_map__fd(skeleton->maps.ring);
}

volatile uint32_t *Programs::asleep() const
{
	return &skeleton->bss->consumer_asleep;
}

std::vector<std::string> Programs::attached() const
{
	std::vector<std::string> names;
	for (const Attached &each : links)
		names.push_back(each.name);
	return names;
}

bool Programs::lost(std::vector<std::vector<uint64_t>> &into) const
{
	int cpus = libbpf_num_possible_cpus();
	if (cpus < 0) {
		errno = -cpus;
		return false;
	}
	into.assign(bpf_map__max_entries(skeleton->maps.lost), std::vector<uint64_t>(cpus));
	for (uint32_t type = 0; type < into.size(); type++)
		if (bpf_map_lookup_elem(bpf_map__fd(skeleton->maps.lost), &type, into[type].data()))
			return false;
	return true;
}

std::optional<Tasks> Programs::tasks() const
{
	return read_tasks(bpf_map__fd(skeleton->maps.made));
}

bool Programs::counters(std::vector<Counters> &into) const
{
	for (const Attached &each : links) {
		bpf_prog_info info{};
		uint32_t length = sizeof info;
		if (bpf_obj_get_info_by_fd(bpf_program__fd(each.program), &info, &length))
			return false;
		into.push_back({each.name, info.run_cnt, info.recursion_misses});
	}
	return true;
}

int Programs::open_snapshot() const
{
	for (const Attached &each : links)
		if (each.name == kSnapshot || each.name == kSnapshotPlain) {
			int fd = bpf_iter_create(bpf_link__fd(each.link));
			return fd < 0 ? -errno : fd;
		}
	return -EOPNOTSUPP;
}

} // namespace native
