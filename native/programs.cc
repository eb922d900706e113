#include "programs.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <sstream>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "attach.h"
#include "merlon.skel.h"

namespace native
{

/*
 * What is told at the end of a system call. Usually by fexit programs at the end of the call's own function, which
 * costs other calls nothing, and of 32-bit callers too; elsewhere by the call's tracepoint. One or the other, so that
 * nothing is told twice.
 */
struct CallEnd {
	std::vector<std::string> usual;
	std::vector<std::string> of_32_bit;
	const char *function32; /* not there where the kernel runs no 32-bit programs */
	std::vector<std::string> plain;
};

namespace
{

/* Without these there is no process sensor; every other program may be refused by a kernel. */
const std::vector<std::string> kMandatory{"process_exec", "process_fork", "process_exit"};
const std::vector<CallEnd> kCallEnds{
    {{"fexit_exec", "fexit_execat"},
     {"fexit_exec32", "fexit_execat32"},
     "__ia32_compat_sys_execve",
     {"exec_failed", "execveat_failed"}},
    {{"fexit_bpf"}, {"fexit_bpf32"}, "__ia32_sys_bpf", {"bpf_called"}},
};
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

bool Programs::add_usual(const CallEnd &end)
{
	std::string reason;
	if (add_whole(joined(end.usual, end.of_32_bit), reason))
		return true;
	if (!add_whole(end.usual, reason))
		return false;
	if (libbpf_find_vmlinux_btf_id(end.function32, BPF_TRACE_FEXIT) > 0)
		for (const std::string &name : end.of_32_bit)
			refusals.push_back({name, reason});
	return true;
}

void Programs::add_call_ends()
{
	std::vector<std::string> plain;
	for (const CallEnd &end : kCallEnds)
		/* A kernel that refuses fexit for one of them does for all. */
		if (!plain.empty() || !add_usual(end))
			plain = joined(plain, end.plain);
	if (!plain.empty())
		add_each(plain);
	close_tracepoints();
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
	add_call_ends();
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
