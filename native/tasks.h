/* How many processes and threads were made, by the kernel's count and by the programs'. */
#pragma once

#include <cstdint>
#include <optional>

namespace native
{

struct Tasks {
	uint64_t kernel_before; /* processes in /proc/stat, read before the others … */
	uint64_t kernel_after;  /* … and after them */
	uint64_t made;          /* tasks, by task_made; the next two, too, as bpf/tasks.bpf.h has them */
	uint64_t processes;
	uint64_t told;
};

/* `map` is the descriptor of `made`. Nothing, with errno set, where the kernel would not say. */
std::optional<Tasks> read_tasks(int map);

} // namespace native
