/* Programs at cgroups, in traffic control and in drivers: on a cgroup, and a cable, of our own. */
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/if_link.h>
#include <linux/if_packet.h>
#include <linux/sockios.h>
#include <map>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "links.h"
#include "system.h"

namespace probe
{
namespace
{

/* Of enum bpf_attach_type; the headers of Debian 12 do not have the last yet. */
constexpr uint32_t kLsmCgroup = 43, kTcxIngress = 46;
/* NETDEV_XDP_ACT_BASIC of include/uapi/linux/netdev.h. */
constexpr uint64_t kXdpBasic = 1;
constexpr int kFrameMs = 300;

sockaddr_in discard_port()
{
	sockaddr_in address{};
	address.sin_family = AF_INET;
	address.sin_port = htons(9);
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return address;
}

int connect_to(int type)
{
	sockaddr_in address = discard_port();
	Fd socket(::socket(AF_INET, type | SOCK_CLOEXEC, 0));
	return socket && connect(socket.get(), reinterpret_cast<sockaddr *>(&address), sizeof address) == 0 ? 0 : errno;
}

int send_datagram()
{
	sockaddr_in address = discard_port();
	Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
	return socket && sendto(socket.get(), "x", 1, 0, reinterpret_cast<sockaddr *>(&address), sizeof address) == 1
		   ? 0
		   : errno;
}

int make_socket()
{
	return Fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) ? 0 : errno;
}

int read_sysctl()
{
	char text[16];
	Fd file(open("/proc/sys/kernel/ostype", O_RDONLY | O_CLOEXEC));
	return file && read(file.get(), text, sizeof text) > 0 ? 0 : errno;
}

struct Hook {
	const char *id;
	uint32_t type, attach;
	int (*act)();
};

/* A program that says no, on our cgroup; a child in it has to be refused. */
Feature try_hook(const Hook &hook, const Cgroup &group)
{
	if (group.error())
		return refused("create", group.error(), "No cgroup could be made to try it on.");
	uint32_t id = hook.attach == kLsmCgroup ? type_id("bpf_lsm_socket_create", BTF_KIND_FUNC) : 0;
	if (hook.attach == kLsmCgroup && id == 0)
		return refused("load", ESRCH, "This kernel has no security hooks for programs.");
	Counter counter;
	Feature why;
	Fd program = load({hook.type, hook.attach, 0, id, counter.counted(0)}, why);
	if (!program)
		return why;
	Fd link(create_link(program.get(), group.fd(), hook.attach));
	if (!link)
		return refused("attach", errno);
	int said = in_child([&] { return group.enter() ? hook.act() : 255; });
	if (said == 255)
		return untried("No process could be put into the cgroup.");
	if (!counter.ran())
		return refused("run", 0, "It was loaded and attached, but the kernel never called it.");
	return said == EPERM ? works() : refused("run", 0, "It said no, and the kernel let it through.");
}

/* Broadcast, so that no address is needed. */
void send_frame(const char *from)
{
	Fd socket(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ALL)));
	sockaddr_ll to{};
	to.sll_family = AF_PACKET;
	to.sll_ifindex = static_cast<int>(if_nametoindex(from));
	to.sll_halen = ETH_ALEN;
	unsigned char frame[64]{};
	memset(frame, 0xff, ETH_ALEN);
	frame[12] = 0x88, frame[13] = 0xb5; /* ETH_P_802_EX1: for experiments */
	sendto(socket.get(), frame, sizeof frame, 0, reinterpret_cast<sockaddr *>(&to), sizeof to);
}

/* `sender`: the interface whose packets arrive where the program is: the other end, or the loopback itself. */
Feature seen_to_run(const Counter &counter, const char *sender)
{
	/* A cable that was just plugged in takes a moment. */
	for (int tries = 0; tries < kFrameMs / 10; tries++) {
		send_frame(sender);
		if (counter.ran(10))
			return works();
	}
	return refused("run", 0, "It was loaded and attached, but saw no packet.");
}

struct Wire {
	const char *receiver, *sender;
};
constexpr Wire kCable{"merlonp0", "merlonp1"}, kLoopback{"lo", "lo"};

Feature try_link(const Wire &wire, uint32_t type, uint32_t attach, uint32_t flags, int pass)
{
	Counter counter;
	Feature why;
	Fd program = load({type, 0, 0, 0, counter.counted(pass)}, why);
	if (!program)
		return why;
	Fd link(create_link(program.get(), static_cast<int>(if_nametoindex(wire.receiver)), attach, flags));
	return link ? seen_to_run(counter, wire.sender) : refused("attach", errno);
}

Feature try_tc()
{
	Counter counter;
	Feature why;
	Fd program = load({BPF_PROG_TYPE_SCHED_CLS, 0, 0, 0, counter.counted(0)}, why);
	if (!program)
		return why;
	bpf_tc_hook hook{};
	hook.sz = sizeof hook;
	hook.ifindex = static_cast<int>(if_nametoindex(kLoopback.receiver));
	hook.attach_point = BPF_TC_INGRESS;
	if (int error = bpf_tc_hook_create(&hook))
		return refused("create", -error, "The queue that such programs hang on (clsact) could not be made.");
	bpf_tc_opts options{};
	options.sz = sizeof options;
	options.prog_fd = program.get();
	int error = bpf_tc_attach(&hook, &options);
	Feature found = error ? refused("attach", -error) : seen_to_run(counter, kLoopback.sender);
	hook.attach_point = static_cast<bpf_tc_attach_point>(BPF_TC_INGRESS | BPF_TC_EGRESS);
	bpf_tc_hook_destroy(&hook);
	return found;
}

/* By the device's own entry; virtual ones have none, and say it when asked. */
std::string driver_of(const std::string &name)
{
	char target[256];
	std::string link = "/sys/class/net/" + name + "/device/driver";
	ssize_t length = readlink(link.c_str(), target, sizeof target - 1);
	if (length > 0) {
		std::string path(target, length);
		return path.substr(path.rfind('/') + 1);
	}
	ethtool_drvinfo info{};
	info.cmd = ETHTOOL_GDRVINFO;
	ifreq request{};
	strncpy(request.ifr_name, name.c_str(), IFNAMSIZ - 1);
	request.ifr_data = reinterpret_cast<char *>(&info);
	Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
	if (ioctl(socket.get(), SIOCETHTOOL, &request))
		return "";
	return std::string(info.driver, strnlen(info.driver, sizeof info.driver));
}

} // namespace

void try_cgroups(Report &report, const Places &places)
{
	const Hook hooks[] = {
	    {"prog.cgroup_connect", BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_INET4_CONNECT,
	     [] { return connect_to(SOCK_STREAM); }},
	    {"prog.cgroup_sendmsg", BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_UDP4_SENDMSG, send_datagram},
	    {"prog.cgroup_skb", BPF_PROG_TYPE_CGROUP_SKB, BPF_CGROUP_INET_EGRESS, send_datagram},
	    {"prog.cgroup_sysctl", BPF_PROG_TYPE_CGROUP_SYSCTL, BPF_CGROUP_SYSCTL, read_sysctl},
	    {"prog.lsm_cgroup", BPF_PROG_TYPE_LSM, kLsmCgroup, make_socket},
	};
	if (places.cgroup2.empty()) {
		for (const Hook &each : hooks)
			report.add(each.id, refused("mount", ENODEV, "There is no cgroup v2 here."));
		return;
	}
	Cgroup group(places.cgroup2);
	for (const Hook &each : hooks)
		report.add(each.id, try_hook(each, group));
}

void look_at_interfaces(Report &report)
{
	std::map<uint32_t, uint64_t> features;
	int error = xdp_features([&](uint32_t index, uint64_t has) { features[index] = has; });
	DIR *entries = opendir("/sys/class/net");
	for (dirent *entry; entries && (entry = readdir(entries));) {
		std::string name = entry->d_name;
		/* Gone in between, or no interface (bonding_masters). */
		uint32_t index = name[0] == '.' ? 0 : if_nametoindex(name.c_str());
		if (index == 0)
			continue;
		auto found = features.find(index);
		Feature native = works();
		if (error)
			native = untried(
			    "This kernel says it only by attaching (Linux 6.3 says it so), which can reset the link.");
		else if (found == features.end())
			native = untried("The interface came while it was looked at.");
		else if (!(found->second & kXdpBasic))
			native = refused("attach", EOPNOTSUPP, "The driver has no XDP.");
		else
			native.message = "By the driver’s own word; nothing was attached to it.";
		report.interfaces.push_back({printable(name), printable(driver_of(name)), native});
	}
	if (entries)
		closedir(entries);
	std::sort(report.interfaces.begin(), report.interfaces.end(),
		  [](const Interface &one, const Interface &other) { return one.name < other.name; });
}

/* The loopback needs no module of the kernel; a driver with XDP does: veth, which the kernel loads where it has it. */
void try_network(Report &report)
{
	int error = unshare(CLONE_NEWNET) ? errno : set_up(kLoopback.receiver);
	if (error) {
		for (const char *id : {"prog.xdp_native", "prog.xdp_generic", "prog.tc", "prog.tcx"})
			report.add(id, untried(std::string("No network of its own could be made to try it on: ") +
					       strerror(error)));
		return;
	}
	error = make_veth(kCable.receiver, kCable.sender);
	report.add(
	    "prog.xdp_native",
	    error ? untried(std::string("No pair of interfaces (veth) could be made to try it on: ") + strerror(error))
		  : try_link(kCable, BPF_PROG_TYPE_XDP, BPF_XDP, XDP_FLAGS_DRV_MODE, XDP_PASS));
	report.add("prog.xdp_generic", try_link(kLoopback, BPF_PROG_TYPE_XDP, BPF_XDP, XDP_FLAGS_SKB_MODE, XDP_PASS));
	report.add("prog.tc", try_tc());
	report.add("prog.tcx", try_link(kLoopback, BPF_PROG_TYPE_SCHED_CLS, kTcxIngress, 0, 0));
}

} // namespace probe
