#include <cerrno>
#include <fstream>
#include <sched.h>
#include <sstream>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "system.h"

namespace probe
{
namespace
{

constexpr unsigned long kQuiet = MS_NOSUID | MS_NODEV;

bool mount_new(const char *type, const std::string &where)
{
	return mount(type, where.c_str(), type, kQuiet, nullptr) == 0;
}

void mount_if_missing(Report &report, const char *type, const std::string &where, const std::string &witness)
{
	if (access((where + "/" + witness).c_str(), F_OK) != 0 && mount_new(type, where))
		report.mounted.push_back(type);
}

/* Where the host has cgroup v2: alone, or beside version 1. */
std::string find_cgroup2()
{
	std::ifstream mounts("/proc/self/mountinfo");
	for (std::string line; std::getline(mounts, line);) {
		size_t dash = line.find(" - ");
		if (dash == std::string::npos || line.compare(dash + 3, 8, "cgroup2 ") != 0)
			continue;
		std::istringstream fields(line);
		std::string skipped, root, where;
		fields >> skipped >> skipped >> skipped >> root >> where;
		if (root == "/")
			return where;
	}
	return "";
}

std::string own_folder(const std::string &scratch, const char *type, const char *name)
{
	std::string where = scratch + "/" + name;
	return mkdir(where.c_str(), 0700) == 0 && mount_new(type, where) ? where : "";
}

} // namespace

Places make_places(Report &report)
{
	Places places;
	places.cgroup2 = find_cgroup2();
	if (!places.cgroup2.empty())
		report.cgroup2 = printable(places.cgroup2);
	/* A slave: mounts of the host are seen here, ours never there. */
	if (unshare(CLONE_NEWNS) == 0 && mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr) == 0) {
		mount_if_missing(report, "securityfs", "/sys/kernel/security", "lsm");
		mount_if_missing(report, "tracefs", "/sys/kernel/tracing", "events");
		if (mount_new("tmpfs", "/tmp"))
			places.scratch = "/tmp";
	}
	if (!places.scratch.empty()) {
		places.bpffs = own_folder(places.scratch, "bpf", "bpf");
		if (places.cgroup2.empty())
			places.cgroup2 = own_folder(places.scratch, "cgroup2", "cgroup2");
	}
	report.lsm = read_text("/sys/kernel/security/lsm");
	report.lockdown = read_text("/sys/kernel/security/lockdown");
	return places;
}

} // namespace probe
