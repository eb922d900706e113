/* Which processes hold programs, maps and links by descriptors, and the programs on their perf events. */
#include "inventory.h"

#include <cctype>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>
#include <bpf/bpf.h>

#include "../text.h"
#include "kernel.h"

namespace inventory
{
namespace
{

struct Process {
	int pid;
	uint64_t start_ticks = 0;
	std::string comm;
};

/* proc_pid_stat(5): the name in parentheses may hold anything, so what follows is counted from the last one. */
bool read_process(Process &process)
{
	auto text = native::read_text("/proc/" + std::to_string(process.pid) + "/stat");
	size_t open = text ? text->find('(') : std::string::npos, close = text ? text->rfind(')') : open;
	if (open == std::string::npos || close == std::string::npos || close < open)
		return false;
	process.comm = text->substr(open + 1, close - open - 1);
	const char *at = text->c_str() + close + 1;
	for (int field = 3; field < 22 && at; field++)
		at = strchr(at + 1, ' ');
	process.start_ticks = at ? strtoull(at, nullptr, 10) : 0;
	return at != nullptr;
}

/* "" for what is none of these. */
const char *kind_of(const char *link)
{
	if (strcmp(link, "anon_inode:bpf-prog") == 0)
		return "program";
	if (strcmp(link, "anon_inode:bpf-map") == 0)
		return "map";
	if (strcmp(link, "anon_inode:bpf_link") == 0 || strcmp(link, "anon_inode:bpf-link") == 0)
		return "link";
	return "";
}

const char *id_of(const char *kind)
{
	return *kind == 'p' ? "prog_id" : *kind == 'm' ? "map_id" : "link_id";
}

/* A program on a perf event without a link (PERF_EVENT_IOC_SET_BPF), or with one of a kernel that does not name it. */
void take_perf_event(int pid, int fd, Inventory &into)
{
	static const char *const kinds[] = {"raw_tracepoint", "tracepoint", "kprobe",
					    "kretprobe",      "uprobe",     "uretprobe"};
	char name[256] = "";
	uint32_t length = sizeof name, program = 0, type = 0;
	__u64 offset = 0, address = 0;
	if (bpf_task_fd_query(pid, fd, 0, name, &length, &program, &type, &offset, &address) || !program)
		return;
	std::string kind = type < sizeof kinds / sizeof *kinds ? kinds[type] : "", target = native::printable(name);
	for (Attachment &each : into.attachments)
		if (each.program == program && each.type == "perf_event" &&
		    (each.target.empty() || each.target == target)) {
			each.attach_type = kind;
			each.target = target;
			return;
		}
	if (has_room(into.attachments, "attachments", into))
		into.attachments.push_back({program, std::nullopt, "perf_event", kind, target, false});
}

void look_at(Process &process, Inventory &into)
{
	std::string folder = std::to_string(process.pid), path = "/proc/" + folder + "/fd";
	DIR *entries = opendir(path.c_str());
	if (!entries)
		return; /* it has ended */
	while (dirent *each = readdir(entries)) {
		char link[64];
		ssize_t length = readlinkat(dirfd(entries), each->d_name, link, sizeof link - 1);
		if (length <= 0 || strncmp(link, "anon_inode:", 11) != 0)
			continue;
		link[length] = '\0';
		int fd = atoi(each->d_name);
		if (strcmp(link, "anon_inode:[perf_event]") == 0)
			take_perf_event(process.pid, fd, into);
		const char *kind = kind_of(link);
		if (!*kind || !has_room(into.holders, "processes that hold BPF", into))
			continue;
		if (process.comm.empty() && !read_process(process))
			break;
		FdInfo info(folder, fd);
		if (auto id = static_cast<uint32_t>(info.number(id_of(kind))))
			into.holders.push_back({{kind, id}, process.pid, process.start_ticks, process.comm});
	}
	closedir(entries);
}

} // namespace

void gather_holders(Inventory &into)
{
	DIR *entries = opendir("/proc");
	if (!entries) {
		into.unread.push_back(std::string("The processes could not be listed: ") + strerror(errno) + ".");
		return;
	}
	while (dirent *each = readdir(entries)) {
		Process process{.pid = atoi(each->d_name), .comm = ""};
		if (isdigit(static_cast<unsigned char>(each->d_name[0])) && process.pid != getpid())
			look_at(process, into);
	}
	closedir(entries);
}

} // namespace inventory
