/* Programs on cgroups that were attached without a link, as systemd and container runtimes do. */
#include "inventory.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <bpf/bpf.h>

#include "kernel.h"
#include "names.h"

namespace inventory
{
namespace
{

/* enum bpf_attach_type, those of cgroups; LSM ones are by links alone. */
constexpr uint32_t kTypes[] = {0,  1,  2,  3,  6,  8,  9,  10, 11, 12, 13, 14, 15, 18,
			       19, 20, 21, 22, 29, 30, 31, 32, 34, 49, 50, 51, 52, 53};
constexpr uint32_t kMostPrograms = 64; /* BPF_CGROUP_MAX_PROGS of the kernel */
constexpr int kMostDeep = 32;

/* False where no more is to be looked at. */
bool walk(int folder, const std::string &path, int deep, Cgroups &into, Inventory &all)
{
	struct stat self;
	if (!has_room(into.paths, "cgroups", all) ||
	    all.is_late("The search of cgroups", "which programs the rest have without a link is not known"))
		return false;
	if (fstat(folder, &self) || self.st_dev != into.device)
		return true;
	/* A cgroup's id is the number of its inode (kernfs, on 64-bit machines). */
	into.paths[self.st_ino] = path;
	if (deep == kMostDeep) {
		all.tell("Cgroups more than " + std::to_string(kMostDeep) + " deep are not looked at.");
		return true;
	}
	DIR *entries = fdopendir(dup(folder));
	if (!entries)
		return true;
	bool goes_on = true;
	while (dirent *each = goes_on ? readdir(entries) : nullptr) {
		if (each->d_type != DT_DIR || strcmp(each->d_name, ".") == 0 || strcmp(each->d_name, "..") == 0)
			continue;
		Fd child(openat(folder, each->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
		if (child)
			goes_on = walk(child.get(), path + "/" + each->d_name, deep + 1, into, all);
	}
	closedir(entries);
	return goes_on;
}

bool has_link(const Inventory &all, uint32_t program, const std::string &type, uint64_t cgroup)
{
	return std::any_of(all.attachments.begin(), all.attachments.end(), [&](const Attachment &each) {
		return each.program == program && each.attach_type == type && each.cgroup == cgroup;
	});
}

void cannot_ask(int error, Inventory &into)
{
	into.tell(std::string("What is attached to cgroups without a link could not be read: ") + strerror(error) +
		  ".");
}

/* False where the kernel does not know that type of attachment. */
bool query(int cgroup, uint32_t type, uint64_t id, const std::string &path, Inventory &into)
{
	uint32_t ids[kMostPrograms], flags = 0, count = kMostPrograms;
	if (bpf_prog_query(cgroup, static_cast<bpf_attach_type>(type), 0, &flags, ids, &count)) {
		if (errno == EINVAL)
			return false;
		/* One that has gone meanwhile has nothing; more than there can be was cut, and what is there is told.
		 */
		if (errno != ENOSPC) {
			if (errno != ENODEV && errno != ENOENT)
				cannot_ask(errno, into);
			return true;
		}
		count = kMostPrograms;
	}
	for (uint32_t i = 0; i < count && has_room(into.attachments, "attachments", into); i++)
		if (!has_link(into, ids[i], attach_type(type), id))
			into.attachments.push_back(
			    {ids[i], std::nullopt, "cgroup", attach_type(type), shown_cgroup(path), false, id});
	return true;
}

} // namespace

Cgroups find_cgroups(Inventory &into)
{
	Cgroups cgroups;
	for (const std::string &mount : mounts_of("cgroup2")) {
		Fd root(open(mount.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
		struct stat place;
		if (!root || fstat(root.get(), &place))
			continue;
		cgroups.mount = mount;
		cgroups.device = place.st_dev;
		walk(root.get(), "", 0, cgroups, into);
		return cgroups;
	}
	into.tell("No cgroup v2 is mounted: which programs cgroups have without a link is not known.");
	return cgroups;
}

std::string shown_cgroup(const std::string &path)
{
	return path.empty() ? "/" : shown(path);
}

void gather_cgroups(Inventory &into, const Cgroups &cgroups)
{
	std::vector<uint32_t> types(std::begin(kTypes), std::end(kTypes));
	for (const auto &[id, path] : cgroups.paths) {
		if (into.is_late("The search of cgroups", "which programs the rest have without a link is not known"))
			return;
		Fd cgroup(open((cgroups.mount + path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
		if (!cgroup) {
			if (errno != ENOENT)
				cannot_ask(errno, into);
			continue;
		}
		std::erase_if(types, [&](uint32_t type) { return !query(cgroup.get(), type, id, path, into); });
	}
}

} // namespace inventory
