/* Programs on the host's network interfaces that were attached by netlink: XDP, and filters of tc. */
#include "inventory.h"

#include <algorithm>
#include <cstring>
#include <linux/if_link.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include "../netlink.h"

namespace inventory
{
namespace
{

using native::each_attribute;
using native::Netlink;
using native::Request;

uint32_t number(const char *data, size_t length)
{
	uint32_t value = 0;
	memcpy(&value, data, std::min(length, sizeof value));
	return value;
}

void add(Inventory &into, uint32_t program, const std::string &type, const std::string &attach,
	 const std::string &interface)
{
	/* Of a link already, which says "xdp" for how; or twice among the filters of one direction. */
	for (const Attachment &each : into.attachments)
		if (each.program == program && each.type == type && each.target == interface &&
		    (each.link || each.attach_type == attach))
			return;
	if (program && has_room(into.attachments, "attachments", into))
		into.attachments.push_back({program, std::nullopt, type, attach, interface, false});
}

void gather_filters(Netlink &netlink, const Interface &interface, uint32_t parent, const char *direction,
		    Inventory &into)
{
	tcmsg header{};
	header.tcm_family = AF_UNSPEC;
	header.tcm_ifindex = static_cast<int>(interface.index);
	header.tcm_parent = parent;
	Request list(RTM_GETTFILTER, NLM_F_DUMP);
	list.add(&header, sizeof header);
	/* An interface without such a qdisc has no filters, which is no failure. */
	netlink.ask(list, [&](const char *payload, size_t length) {
		bool bpf = false;
		uint32_t program = 0;
		each_attribute(payload, length, sizeof header, [&](uint16_t type, const char *data, size_t size) {
			if (type == TCA_KIND)
				bpf = std::string(data, strnlen(data, size)) == "bpf";
			if (type != TCA_OPTIONS || !bpf)
				return;
			each_attribute(data, size, 0, [&](uint16_t kind, const char *value, size_t bytes) {
				if (kind == TCA_BPF_ID)
					program = number(value, bytes);
			});
		});
		add(into, program, "tc", direction, interface.name);
	});
}

} // namespace

/* Each may have one program of the driver and one of the kernel's own. */
std::vector<Interface> find_interfaces(Inventory &into)
{
	Netlink netlink(NETLINK_ROUTE);
	std::vector<Interface> interfaces;
	ifinfomsg header{};
	Request list(RTM_GETLINK, NLM_F_DUMP);
	list.add(&header, sizeof header);
	int error = netlink.ask(list, [&](const char *payload, size_t length) {
		Interface each{};
		if (length < sizeof header)
			return;
		memcpy(&header, payload, sizeof header);
		each.index = header.ifi_index;
		each_attribute(payload, length, sizeof header, [&](uint16_t type, const char *data, size_t size) {
			if (type == IFLA_IFNAME)
				each.name = shown(std::string(data, strnlen(data, size)));
			if (type != IFLA_XDP)
				return;
			each_attribute(data, size, 0, [&](uint16_t kind, const char *value, size_t bytes) {
				if (kind == IFLA_XDP_SKB_PROG_ID)
					each.xdp.emplace_back("generic", number(value, bytes));
				if (kind == IFLA_XDP_DRV_PROG_ID)
					each.xdp.emplace_back("driver", number(value, bytes));
				if (kind == IFLA_XDP_HW_PROG_ID)
					each.xdp.emplace_back("hardware", number(value, bytes));
			});
		});
		interfaces.push_back(each);
	});
	if (error)
		into.tell(std::string("The network interfaces could not be listed: ") + strerror(error) + ".");
	return interfaces;
}

void gather_interfaces(Inventory &into, const std::vector<Interface> &interfaces)
{
	Netlink netlink(NETLINK_ROUTE);
	for (const Interface &each : interfaces) {
		if (into.is_late("The search of network interfaces",
				 "which programs the rest have without a link is not known"))
			return;
		for (const auto &[mode, program] : each.xdp)
			add(into, program, "xdp", mode, each.name);
		gather_filters(netlink, each, TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS), "ingress", into);
		gather_filters(netlink, each, TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_EGRESS), "egress", into);
	}
}

} // namespace inventory
