/* Numbers of the kernel's include/uapi/linux/bpf.h (Linux 6.18), as bpftool names them. */
#pragma once

#include <cstdint>
#include <string>

namespace inventory
{

/* One that is newer than this table is "type 99". */
std::string program_type(uint32_t type);
std::string map_type(uint32_t type);
std::string link_type(uint32_t type);
std::string attach_type(uint32_t type);

} // namespace inventory
