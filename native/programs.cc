#include "programs.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "merlon.skel.h"

namespace native
{
namespace
{

/* Without these there is no process sensor; every other program may be refused by a kernel. */
const std::vector<std::string> kMandatory{"process_exec", "process_fork", "process_exit"};
const std::string kSnapshot = "snapshot";            /* sleepable, kernel 5.18 and later */
const std::string kSnapshotPlain = "snapshot_plain"; /* stands in for it where it is refused */
/* Past this share of the ring a producer wakes the reader, however recently it looked. */
constexpr uint32_t kWakeupShare = 4;

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

/* What the kernel said, in one or two lines: the errno's text, and the end of the log where there is one. */
std::string reason_of(int error, const std::string &log)
{
	std::string reason = strerror(error);
	size_t end = log.find_last_not_of(" \n");
	if (end == std::string::npos)
		return reason;
	std::string kept = log.substr(0, end + 1);
	return reason + ": " + (kept.size() > 400 ? "…" + kept.substr(kept.size() - 400) : kept);
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

std::vector<std::string> program_names(merlon *skeleton)
{
	std::vector<std::string> names;
	bpf_program *program;
	bpf_object__for_each_program(program, skeleton->obj) names.push_back(bpf_program__name(program));
	return names;
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

/* One attempt, without the programs named. Leaves the object loaded, or nothing behind. */
std::optional<Failure> Programs::load_with(const std::vector<std::string> &excluded, uint32_t ring_bytes)
{
	LogCapture log;
	skeleton = merlon__open();
	if (!skeleton)
		return load_failure(errno, log.take());
	bpf_map__set_max_entries(skeleton->maps.ring, ring_bytes);
	skeleton->rodata->wakeup_bytes = ring_bytes / kWakeupShare;
	bpf_program *program;
	bpf_object__for_each_program(program, skeleton->obj)
	    bpf_program__set_autoload(program, !has(excluded, bpf_program__name(program)));
	int error = merlon__load(skeleton);
	if (error == 0)
		return std::nullopt;
	merlon__destroy(skeleton);
	skeleton = nullptr;
	return load_failure(-error, log.take());
}

std::optional<Failure> Programs::load(uint32_t ring_bytes)
{
	if (!may_load())
		return Failure{"not_permitted", EPERM, "The helper lacks CAP_BPF or CAP_PERFMON.", ""};
	if (!load_with({kSnapshotPlain}, ring_bytes))
		return std::nullopt;

	/* Something was refused. An object loads whole or not at all: find out what, program by program. */
	merlon *opened = merlon__open();
	if (!opened)
		return Failure{"failed", errno, "The sensor’s BPF object could not be opened.", ""};
	std::vector<std::string> names = program_names(opened);
	merlon__destroy(opened);
	std::vector<std::string> optional;
	std::copy_if(names.begin(), names.end(), std::back_inserter(optional),
		     [](const std::string &name) { return !has(kMandatory, name); });
	if (auto failure = load_with(optional, ring_bytes))
		return failure;
	std::vector<std::string> excluded;
	for (const std::string &name : optional) {
		close();
		std::vector<std::string> others = optional;
		others.erase(std::find(others.begin(), others.end(), name));
		if (auto failure = load_with(others, ring_bytes)) {
			excluded.push_back(name);
			refusals.push_back({name, reason_of(failure->error, failure->detail)});
		}
	}
	close();
	if (!has(excluded, kSnapshot))
		excluded.push_back(kSnapshotPlain);
	return load_with(excluded, ring_bytes);
}

std::optional<Failure> Programs::attach()
{
	bpf_program *program;
	bpf_object__for_each_program(program, skeleton->obj)
	{
		if (!bpf_program__autoload(program))
			continue;
		std::string name = bpf_program__name(program);
		LogCapture log;
		bpf_link *link = bpf_program__attach(program);
		if (link) {
			links.push_back({name, program, link});
			continue;
		}
		int error = errno;
		std::string said = log.take();
		if (has(kMandatory, name))
			return Failure{code_of(error, said), error,
				       "The kernel did not attach " + name + ": " + strerror(error) + ".", said};
		refusals.push_back({name, reason_of(error, said)});
	}
	return std::nullopt;
}

void Programs::close()
{
	for (Attached &each : links)
		bpf_link__destroy(each.link);
	links.clear();
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
