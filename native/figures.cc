/* What Programs counts, and how much of it is told. */
#include "programs.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "attach.h"
#include "merlon.skel.h"

namespace native
{
namespace
{

/* struct limit of bpf/limit.bpf.h. */
struct Limit {
	uint64_t second, told, left_out;
};

/* The values of all processors; empty, with errno set, where the kernel would not say. */
template <typename Value> std::vector<Value> values_of(const bpf_map *map, uint32_t key)
{
	int cpus = libbpf_num_possible_cpus();
	std::vector<Value> values(std::max(cpus, 0));
	if (cpus < 0)
		errno = -cpus;
	else if (bpf_map_lookup_elem(bpf_map__fd(map), &key, values.data()))
		values.clear();
	return values;
}

/*
 * The perf event of a tracepoint, which the launcher opened, is closed by now, and some kernels give this process none
 * (attach.h): tried before the one that there is goes. That one has the program already, which the kernel says only
 * after it has given the event (EEXIST). False with errno set.
 */
bool can_come_back(const bpf_program *program)
{
	if (strncmp(bpf_program__section_name(program), "tracepoint/", 11) != 0)
		return true;
	LogCapture quiet;
	bpf_link *again = attach_program(program);
	if (!again)
		return errno == EEXIST;
	bpf_link__destroy(again);
	return true;
}

} // namespace

std::vector<std::string> Programs::attached() const
{
	std::vector<std::string> names;
	for (const Attached &each : links)
		if (each.link)
			names.push_back(each.name);
	return names;
}

bool Programs::lost(std::vector<std::vector<uint64_t>> &into) const
{
	for (uint32_t type = 0; type < bpf_map__max_entries(skeleton->maps.lost); type++) {
		into.push_back(values_of<uint64_t>(skeleton->maps.lost, type));
		if (into.back().empty())
			return false;
	}
	return true;
}

bool Programs::left_out(std::vector<uint64_t> &into) const
{
	into.assign(bpf_map__max_entries(skeleton->maps.limits), 0);
	if (!thinned)
		return true;
	for (uint32_t type = 0; type < into.size(); type++) {
		auto limits = values_of<Limit>(skeleton->maps.limits, type);
		if (limits.empty())
			return false;
		for (const Limit &each : limits)
			into[type] += each.left_out;
	}
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
		into.push_back({each.name, info.run_cnt, info.run_time_ns, info.recursion_misses});
	}
	return true;
}

void Programs::thin(const std::vector<uint32_t> &types, uint32_t most_per_second)
{
	constexpr size_t known = sizeof skeleton->bss->most_per_second / sizeof *skeleton->bss->most_per_second;
	thinned = true; /* what was left out stays counted */
	for (uint32_t type : types)
		if (type < known)
			skeleton->bss->most_per_second[type] = most_per_second;
}

bool Programs::set_attached(const std::vector<std::string> &names, bool on)
{
	for (Attached &each : links) {
		if (std::find(names.begin(), names.end(), each.name) == names.end() || on == (each.link != nullptr))
			continue;
		if (!on) {
			if (!can_come_back(each.program))
				return false;
			bpf_link__destroy(each.link);
			each.link = nullptr;
			continue;
		}
		LogCapture quiet;
		each.link = attach_program(each.program);
		if (!each.link)
			return false;
	}
	return true;
}

} // namespace native
