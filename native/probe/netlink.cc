#include "netlink.h"

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
namespace
{

/* Of include/uapi/linux/netdev.h, which the headers of Debian 12 do not have yet. */
constexpr uint8_t kNetdevDevGet = 1;
constexpr uint16_t kDevIfindex = 1, kDevXdpFeatures = 3;
/* A reply that does not come must not hold the probe up. */
constexpr timeval kPatience{2, 0};

void begin_link(Request &request, uint32_t index, bool up)
{
	ifinfomsg link{};
	link.ifi_family = AF_UNSPEC;
	link.ifi_index = static_cast<int>(index);
	link.ifi_flags = link.ifi_change = up ? IFF_UP : 0;
	request.add(&link, sizeof link);
}

} // namespace

Request::Request(uint16_t type, uint16_t flags)
{
	nlmsghdr header{};
	header.nlmsg_type = type;
	header.nlmsg_flags = NLM_F_REQUEST | flags;
	add(&header, sizeof header);
}

void Request::align()
{
	bytes.resize(NLMSG_ALIGN(bytes.size()));
}

void Request::add(const void *data, size_t length)
{
	auto from = static_cast<const char *>(data);
	bytes.insert(bytes.end(), from, from + length);
	align();
}

void Request::attribute(uint16_t type, const void *data, size_t length)
{
	nlattr header{static_cast<uint16_t>(sizeof header + length), type};
	add(&header, sizeof header);
	add(data, length);
}

void Request::attribute(uint16_t type, const std::string &text)
{
	attribute(type, text.c_str(), text.size() + 1);
}

size_t Request::begin(uint16_t type)
{
	size_t where = bytes.size();
	nlattr header{0, static_cast<uint16_t>(type | NLA_F_NESTED)};
	add(&header, sizeof header);
	return where;
}

void Request::end(size_t where)
{
	auto length = static_cast<uint16_t>(bytes.size() - where);
	memcpy(bytes.data() + where, &length, sizeof length);
}

Netlink::Netlink(int protocol) : socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol))
{
	setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof kPatience);
}

int Netlink::ask(Request request, const std::function<void(const char *, size_t)> &answer)
{
	auto length = static_cast<uint32_t>(request.bytes.size());
	memcpy(request.bytes.data(), &length, sizeof length);
	if (send(socket.get(), request.bytes.data(), length, 0) < 0)
		return errno;
	std::vector<char> buffer(64 << 10);
	for (;;) {
		ssize_t received = recv(socket.get(), buffer.data(), buffer.size(), 0);
		if (received <= 0)
			return received < 0 ? errno : EIO;
		auto left = static_cast<uint32_t>(received);
		for (auto *each = reinterpret_cast<nlmsghdr *>(buffer.data()); NLMSG_OK(each, left);
		     each = NLMSG_NEXT(each, left)) {
			if (each->nlmsg_type == NLMSG_ERROR)
				return -static_cast<nlmsgerr *>(NLMSG_DATA(each))->error;
			if (each->nlmsg_type == NLMSG_DONE)
				return 0;
			if (answer)
				answer(static_cast<char *>(NLMSG_DATA(each)), NLMSG_PAYLOAD(each, 0));
		}
	}
}

void each_attribute(const char *payload, size_t length, size_t skip,
		    const std::function<void(uint16_t, const char *, size_t)> &take)
{
	for (size_t at = NLMSG_ALIGN(skip); at + sizeof(nlattr) <= length;) {
		nlattr header;
		memcpy(&header, payload + at, sizeof header);
		if (header.nla_len < sizeof header || at + header.nla_len > length)
			return;
		take(header.nla_type & NLA_TYPE_MASK, payload + at + sizeof header, header.nla_len - sizeof header);
		at += NLA_ALIGN(header.nla_len);
	}
}

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
