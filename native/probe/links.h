/* Interfaces, and what their drivers say, by netlink. */
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "../netlink.h"

namespace probe
{

/* 0, or errno. */
int set_up(const std::string &name);
/* Two ends of a cable, both up; 0, or errno. */
int make_veth(const std::string &name, const std::string &peer);

/* Whether the driver of each interface has XDP, by the kernel's own word (netlink family "netdev", Linux 6.3). Errno.
 */
int xdp_features(const std::function<void(uint32_t index, uint64_t features)> &take);

} // namespace probe
