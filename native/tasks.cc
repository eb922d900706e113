#include "tasks.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <numeric>
#include <vector>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

namespace native
{
namespace
{

/* total_forks: every copy_process() of this machine since it booted (proc_pid_stat(5), "processes"). */
std::optional<uint64_t> kernel_count()
{
	FILE *file = fopen("/proc/stat", "re");
	if (!file)
		return std::nullopt;
	std::optional<uint64_t> found;
	char *line = nullptr;
	size_t size = 0;
	unsigned long long count;
	while (!found && getline(&line, &size, file) > 0)
		if (sscanf(line, "processes %llu", &count) == 1)
			found = count;
	free(line);
	fclose(file);
	if (!found)
		errno = ENODATA;
	return found;
}

std::optional<uint64_t> sum_of(int map, uint32_t index)
{
	int cpus = libbpf_num_possible_cpus();
	if (cpus < 0) {
		errno = -cpus;
		return std::nullopt;
	}
	std::vector<uint64_t> each(cpus);
	if (bpf_map_lookup_elem(map, &index, each.data()))
		return std::nullopt;
	return std::accumulate(each.begin(), each.end(), uint64_t{0});
}

} // namespace

std::optional<Tasks> read_tasks(int map)
{
	auto before = kernel_count();
	auto made = sum_of(map, 0);
	/* In this order: what is made in between can only make the last one larger. */
	auto processes = sum_of(map, 1);
	auto told = sum_of(map, 2);
	auto after = kernel_count();
	if (!before || !made || !processes || !told || !after)
		return std::nullopt;
	return Tasks{*before, *after, *made, *processes, *told};
}

} // namespace native
