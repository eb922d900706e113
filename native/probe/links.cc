#include "links.h"

#include <cerrno>
#include <cstring>
#include <linux/genetlink.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sys/socket.h>
#include <unistd.h>

namespace probe
{

using native::each_attribute;
using native::Netlink;
using native::Request;

namespace
{

/* Of include/uapi/linux/netdev.h, which the headers of Debian 12 do not have yet. */
constexpr uint8_t kNetdevDevGet = 1;
constexpr uint16_t kDevIfindex = 1, kDevXdpFeatures = 3;

void begin_link(Request &request, uint32_t index, bool up)
{
	ifinfomsg link{};
	link.ifi_family = AF_UNSPEC;
	link.ifi_index = static_cast<int>(index);
	link.ifi_flags = link.ifi_change = up ? IFF_UP : 0;
	request.add(&link, sizeof link);
}

} // namespace

int set_up(const std::string &name)
{
	Netlink netlink(NETLINK_ROUTE);
	Request request(RTM_NEWLINK, NLM_F_ACK);
	begin_link(request, if_nametoindex(name.c_str()), true);
	return netlink.ask(request);
}

int make_veth(const std::string &name, const std::string &peer)
{
	Netlink netlink(NETLINK_ROUTE);
	Request request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK);
	begin_link(request, 0, false);
	request.attribute(IFLA_IFNAME, name);
	size_t info = request.begin(IFLA_LINKINFO);
	request.attribute(IFLA_INFO_KIND, "veth");
	size_t data = request.begin(IFLA_INFO_DATA);
	size_t other = request.begin(VETH_INFO_PEER);
	begin_link(request, 0, false);
	request.attribute(IFLA_IFNAME, peer);
	request.end(other);
	request.end(data);
	request.end(info);
	if (int error = netlink.ask(request))
		return error;
	int error = set_up(name);
	return error ? error : set_up(peer);
}

int xdp_features(const std::function<void(uint32_t, uint64_t)> &take)
{
	Netlink netlink(NETLINK_GENERIC);
	genlmsghdr get_family{CTRL_CMD_GETFAMILY, 1, 0};
	Request find(GENL_ID_CTRL, NLM_F_ACK);
	find.add(&get_family, sizeof get_family);
	find.attribute(CTRL_ATTR_FAMILY_NAME, "netdev");
	uint16_t family = 0;
	int error = netlink.ask(find, [&](const char *payload, size_t length) {
		each_attribute(payload, length, sizeof(genlmsghdr), [&](uint16_t type, const char *data, size_t size) {
			if (type == CTRL_ATTR_FAMILY_ID && size >= sizeof family)
				memcpy(&family, data, sizeof family);
		});
	});
	if (error || family == 0)
		return error ? error : ENOENT;

	genlmsghdr get_devices{kNetdevDevGet, 1, 0};
	Request list(family, NLM_F_DUMP);
	list.add(&get_devices, sizeof get_devices);
	return netlink.ask(list, [&](const char *payload, size_t length) {
		uint32_t index = 0;
		uint64_t features = 0;
		each_attribute(payload, length, sizeof(genlmsghdr), [&](uint16_t type, const char *data, size_t size) {
			if (type == kDevIfindex && size >= sizeof index)
				memcpy(&index, data, sizeof index);
			if (type == kDevXdpFeatures && size >= sizeof features)
				memcpy(&features, data, sizeof features);
		});
		take(index, features);
	});
}

} // namespace probe
