/* Every link: a program with the place that it hangs on. What the kernel tells of the place differs by type. */
#include "inventory.h"

#include <algorithm>
#include <climits>
#include <cstring>
#include <sys/syscall.h>
#include <unistd.h>

#include "kernel.h"
#include "names.h"

namespace inventory
{
namespace
{

/* enum bpf_link_type; the newer ones are not in the headers of Debian 12. */
constexpr uint32_t kRawTracepoint = 1, kTracing = 2, kCgroup = 3, kIter = 4, kNetns = 5, kXdp = 6, kPerfEvent = 7,
		   kStructOps = 9, kNetfilter = 10, kTcx = 11, kUprobeMulti = 12, kNetkit = 13, kSockmap = 14;

/*
 * struct bpf_link_info with what was added to it since: perf_event (Linux 6.6, kernel commit 1b715e1b0ec5), tcx and
 * netkit (6.6, 6.7), uprobe_multi (6.8), sockmap (6.10). An older kernel leaves what it does not know at zero.
 */
struct LinkInfo {
	uint32_t type, id, prog_id;
	union {
		struct {
			uint64_t name;
			uint32_t length;
		} text __attribute__((aligned(8))); /* raw_tracepoint, iter; uprobe_multi's path is elsewhere */
		struct {
			uint32_t attach_type, object, type;
		} tracing;
		struct {
			uint64_t id;
			uint32_t attach_type;
		} cgroup;
		struct {
			uint32_t id, attach_type;
		} pair; /* netns, xdp, tcx, netkit, sockmap, struct_ops */
		struct {
			uint32_t family, hook;
			int32_t priority;
			uint32_t flags;
		} netfilter;
		struct {
			uint64_t path, offsets, references, cookies;
			uint32_t path_length, count, flags, pid;
		} uprobes;
		struct {
			uint32_t type;
			uint64_t name;
			uint32_t length, offset;
			uint64_t more[4];
		} perf;
	};
};

/* What there is to know of a place on a network interface. */
struct Places {
	const Cgroups &cgroups;
	const std::vector<Interface> &interfaces;
};

/*
 * The index is one of the interface's own network namespace, which the kernel does not tell, and another interface may
 * have it here: a name is said where this namespace itself says that the link is there.
 */
std::string interface_name(uint32_t index, const Places &places,
			   const std::function<bool(const Interface &interface)> &is_there)
{
	for (const Interface &each : places.interfaces)
		if (index && each.index == index && is_there(each))
			return each.name;
	return index ? "interface " + std::to_string(index) : "";
}

bool has_xdp(const Interface &interface, uint32_t program)
{
	return std::any_of(interface.xdp.begin(), interface.xdp.end(),
			   [&](const auto &each) { return each.second == program; });
}

/* tcx and netkit tell their links (Linux 6.6 and 6.7, as the types themselves; uapi/linux/bpf.h, BPF_PROG_QUERY). */
bool has_link(const Interface &interface, uint32_t type, uint32_t link)
{
	constexpr uint32_t most = 64; /* BPF_MPROG_MAX of the kernel */
	uint32_t programs[most] = {}, links[most] = {};
	struct {
		uint32_t interface, type, flags, attach_flags;
		uint64_t programs;
		uint32_t count, pad;
		uint64_t program_flags, links, link_flags, revision;
	} query{};
	query.interface = interface.index, query.type = type, query.count = most;
	query.programs = reinterpret_cast<uintptr_t>(programs), query.links = reinterpret_cast<uintptr_t>(links);
	if (syscall(SYS_bpf, BPF_PROG_QUERY, &query, sizeof query))
		return false;
	return std::find(std::begin(links), std::end(links), link) != std::end(links);
}

std::string hex(uint64_t number)
{
	char text[20];
	snprintf(text, sizeof text, "0x%lx", number);
	return text;
}

/* enum bpf_perf_event_type. */
std::string perf_target(const LinkInfo &info, const std::string &name)
{
	switch (info.perf.type) {
	case 1:
	case 2:
		return name + "+" + hex(info.perf.offset);
	case 3:
	case 4:
		return info.perf.offset ? name + "+" + hex(info.perf.offset) : name;
	default:
		return name;
	}
}

std::string perf_kind(uint32_t type)
{
	static const char *const kinds[] = {"", "uprobe", "uretprobe", "kprobe", "kretprobe", "tracepoint", "event"};
	return type < sizeof kinds / sizeof *kinds ? kinds[type] : "";
}

/* Says where to write a name, for the types that have one. False where it was not asked for. */
bool ask_for_name(LinkInfo &info, char *name, uint32_t length)
{
	auto at = reinterpret_cast<uintptr_t>(name);
	uint32_t type = info.type, id = info.id, program = info.prog_id, kind = info.perf.type;
	if (type != kRawTracepoint && type != kIter && type != kPerfEvent && type != kUprobeMulti)
		return false;
	info = {};
	info.type = type, info.id = id, info.prog_id = program;
	if (type == kUprobeMulti) {
		info.uprobes.path = at, info.uprobes.path_length = length;
	} else if (type == kPerfEvent) {
		info.perf.type = kind, info.perf.name = at, info.perf.length = length;
	} else {
		info.text.name = at, info.text.length = length;
	}
	return true;
}

Attachment attachment_of(const LinkInfo &info, const std::string &name, const Inventory &all, const Places &places)
{
	Attachment each{info.prog_id, info.id, link_type(info.type), "", shown(name), false};
	auto with = [&](uint32_t type, const std::string &target) {
		each.attach_type = attach_type(type);
		each.target = target;
	};
	switch (info.type) {
	case kTracing: {
		std::string function = shown(type_name(info.tracing.object, info.tracing.type));
		/* Before Linux 5.13 the link did not say; its program does from 6.0 on. */
		for (const Program &program : all.programs)
			if (function.empty() && program.id == info.prog_id)
				function = program.attach_target;
		with(info.tracing.attach_type, function);
		break;
	}
	case kCgroup: {
		auto known = places.cgroups.paths.find(info.cgroup.id);
		with(info.cgroup.attach_type, known == places.cgroups.paths.end()
						  ? "cgroup " + std::to_string(info.cgroup.id)
						  : shown_cgroup(known->second));
		each.cgroup = info.cgroup.id;
		each.detachable = true;
		break;
	}
	case kNetns:
		with(info.pair.attach_type, "net:[" + std::to_string(info.pair.id) + "]");
		each.detachable = true;
		break;
	case kXdp:
		each.attach_type = "xdp";
		each.target = interface_name(info.pair.id, places,
					     [&](const Interface &on) { return has_xdp(on, info.prog_id); });
		each.detachable = true;
		break;
	case kTcx:
	case kNetkit:
		with(info.pair.attach_type, interface_name(info.pair.id, places, [&](const Interface &on) {
			     return has_link(on, info.pair.attach_type, info.id);
		     }));
		each.detachable = true;
		break;
	case kNetfilter:
		each.target = "family " + std::to_string(info.netfilter.family) + ", hook " +
			      std::to_string(info.netfilter.hook) + ", priority " +
			      std::to_string(info.netfilter.priority);
		break;
	case kStructOps:
	case kSockmap:
		each.target = "map " + std::to_string(info.pair.id);
		break;
	case kPerfEvent:
		each.attach_type = perf_kind(info.perf.type);
		each.target = shown(perf_target(info, name));
		break;
	}
	return each;
}

} // namespace

void gather_links(Inventory &into, const Cgroups &cgroups, const std::vector<Interface> &interfaces)
{
	Places places{cgroups, interfaces};
	int error = each_object(BPF_LINK_GET_NEXT_ID, BPF_LINK_GET_FD_BY_ID, [&](const Fd &object) {
		LinkInfo info{};
		char name[PATH_MAX] = "";
		if (!info_of(object, &info, sizeof info))
			return true;
		LinkInfo named = info;
		if (ask_for_name(named, name, sizeof name) && info_of(object, &named, sizeof named))
			info = named;
		name[sizeof name - 1] = '\0';
		into.attachments.push_back(attachment_of(info, name, into, places));
		return has_room(into.attachments, "attachments", into) &&
		       !into.is_late("The list of links", "the others are left out");
	});
	/* Links cannot be listed before Linux 5.8. */
	if (error)
		into.tell(std::string("The links could not be listed: ") + strerror(error) + ".");
}

} // namespace inventory
