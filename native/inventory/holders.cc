/* Which processes hold programs, maps and links by descriptors, and the programs on their perf events. */
#include "inventory.h"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <climits>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <set>
#include <sys/stat.h>
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

/* As links.cc has it of a link's, which is told as the same (Linux 6.6 and later). */
std::string query_target(const char *name, const std::string &kind, uint64_t offset)
{
	char more[24] = "";
	if (kind == "uprobe" || kind == "uretprobe" || (offset && kind.ends_with("probe")))
		snprintf(more, sizeof more, "+0x%lx", offset);
	return std::string(name) + more;
}

/* A program on a perf event without a link (PERF_EVENT_IOC_SET_BPF), or with one of a kernel that does not name it. */
void take_perf_event(int pid, int fd, Inventory &into)
{
	static const char *const kinds[] = {"raw_tracepoint", "tracepoint", "kprobe",
					    "kretprobe",      "uprobe",     "uretprobe"};
	char name[PATH_MAX] = "";
	uint32_t length = sizeof name, program = 0, type = 0;
	__u64 offset = 0, address = 0;
	if (bpf_task_fd_query(pid, fd, 0, name, &length, &program, &type, &offset, &address) || !program)
		return;
	std::string kind = type < sizeof kinds / sizeof *kinds ? kinds[type] : "",
		    target = shown(query_target(name, kind, offset));
	for (Attachment &each : into.attachments)
		if (each.program == program && each.type == "perf_event" &&
		    (each.target.empty() || each.target == target)) { /* that link's own, or told already */
			each.attach_type = kind;
			each.target = target;
			return;
		}
	if (has_room(into.attachments, "attachments", into))
		into.attachments.push_back({program, std::nullopt, "perf_event", kind, target, false});
}

bool is_late(Inventory &into)
{
	return into.is_late("The search of processes", "who holds the rest is not known");
}

/* False where no more is to be looked at. */
bool look_at(Process &process, Inventory &into)
{
	std::string folder = std::to_string(process.pid), path = "/proc/" + folder + "/fd";
	DIR *entries = opendir(path.c_str());
	if (!entries)
		return true; /* it has ended */
	bool goes_on = true;
	while (dirent *each = goes_on ? readdir(entries) : nullptr) {
		char link[64];
		goes_on = !is_late(into);
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
	return goes_on;
}

bool is_same(const std::string &namespace_path, const struct stat &other)
{
	struct stat self;
	return stat(namespace_path.c_str(), &self) || (self.st_ino == other.st_ino && self.st_dev == other.st_dev);
}

/* Root's first, which do most of BPF: others' millions of descriptors shall not use up the time for them. */
std::vector<int> all_processes(DIR *proc, Inventory &into)
{
	std::vector<int> processes;
	std::set<int> others;
	while (dirent *each = readdir(proc)) {
		if (is_late(into))
			break;
		struct stat folder;
		int pid = atoi(each->d_name);
		if (!isdigit(static_cast<unsigned char>(each->d_name[0])) || pid == getpid() ||
		    fstatat(dirfd(proc), each->d_name, &folder, AT_SYMLINK_NOFOLLOW))
			continue;
		processes.push_back(pid);
		if (folder.st_uid != 0)
			others.insert(pid);
	}
	std::stable_partition(processes.begin(), processes.end(), [&](int pid) { return !others.contains(pid); });
	return processes;
}

} // namespace

void gather_holders(Inventory &into)
{
	DIR *proc = opendir("/proc");
	if (!proc) {
		into.tell(std::string("The processes could not be listed: ") + strerror(errno) + ".");
		return;
	}
	struct stat own_network;
	bool is_alone = stat("/proc/self/ns/net", &own_network) == 0;
	for (int pid : all_processes(proc, into)) {
		Process process{.pid = pid, .comm = ""};
		if (is_alone && !is_same("/proc/" + std::to_string(pid) + "/ns/net", own_network)) {
			is_alone = false;
			into.tell("There are other network namespaces: which programs their interfaces have without a "
				  "link is not known.");
		}
		if (!look_at(process, into))
			break;
	}
	closedir(proc);
}

} // namespace inventory
