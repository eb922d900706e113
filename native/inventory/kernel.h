/* What the kernel says of one object of BPF, and of those that there are. */
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>
#include <linux/bpf.h>

#include "../fd.h"

namespace inventory
{

using native::Fd;

/* bpf(2) is asked for the next id, and then for a descriptor of it; what has gone meanwhile is left out. 0, or errno.
 */
int each_object(int next_command, int open_command, const std::function<bool(const Fd &object)> &take);

/* A descriptor of that program; none where it has gone. */
Fd program_by_id(uint32_t id);

/* BPF_OBJ_GET_INFO_BY_FD. The kernel may know less than `info` has room for, or more. */
bool info_of(const Fd &object, void *info, uint32_t length);

/* The lines of /proc/self/fdinfo: "memlock", "prog_id" and so on. */
class FdInfo
{
      public:
	/* @param process its folder in /proc, such as "self". */
	FdInfo(const std::string &process, int fd);
	/* 0 where there is no such line. */
	uint64_t number(const char *name) const;
	bool has(const char *name) const;

      private:
	std::string text;
};

/* The kernel's own types, once. */
void read_types();

/* The name of a type of the kernel or of a module, such as a function's; "" where it is not known. */
std::string type_name(uint32_t btf_object, uint32_t type);

/* Boot-clock nanoseconds. */
uint64_t boot_ns();

} // namespace inventory
