/* What is pinned in the host's BPF file systems, by paths. */
#include "inventory.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <fstream>
#include <sstream>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <bpf/bpf.h>

#include "kernel.h"

namespace inventory
{
namespace
{

constexpr int kMostDeep = 32;

/* mountinfo writes blanks and backslashes as \040 and so on (proc_pid_mountinfo(5)). */
std::string without_escapes(const std::string &text)
{
	std::string out;
	for (size_t i = 0; i < text.size(); i++) {
		bool code = text[i] == '\\' && i + 3 < text.size();
		out += code ? static_cast<char>(strtol(text.substr(i + 1, 3).c_str(), nullptr, 8)) : text[i];
		i += code ? 3 : 0;
	}
	return out;
}

struct Walk {
	Inventory &into;
	dev_t device;
	size_t refused = 0;
	std::string refusal; /* the first */
};

/*
 * For reading and writing first, as links are not handed out otherwise. Without CAP_DAC_OVERRIDE that is refused for
 * another user's, and for all on a read-only mount.
 */
Fd open_pin(const std::string &path)
{
	Fd object(bpf_obj_get(path.c_str()));
	int error = errno;
	if (object || (error != EACCES && error != EPERM && error != EROFS))
		return object;
	struct bpf_obj_get_opts options {
	};
	options.sz = sizeof options;
	options.file_flags = BPF_F_RDONLY;
	Fd readable(bpf_obj_get_opts(path.c_str(), &options));
	errno = error;
	return readable;
}

void take(int folder, const char *name, const std::string &path, Walk &walk)
{
	/* By the folder that was looked at, whatever its path leads to by now. */
	Fd object = open_pin("/proc/self/fd/" + std::to_string(folder) + "/" + name);
	if (!object) {
		int error = errno;
		if (error == ENOENT || error == EINVAL) /* it has gone, or is an iterator */
			return;
		if (walk.refused++ == 0)
			walk.refusal = shown(path) + ": " + strerror(error);
		return;
	}
	FdInfo info("self", object.get());
	for (const char *kind : {"prog", "map", "link"})
		/* A link's fdinfo names its program too. */
		if (info.has((std::string(kind) + "_id").c_str()) &&
		    (strcmp(kind, "prog") != 0 || !info.has("link_id")))
			walk.into.pins.push_back(
			    {shown(path),
			     {strcmp(kind, "prog") == 0 ? "program" : kind,
			      static_cast<uint32_t>(info.number((std::string(kind) + "_id").c_str()))}});
}

/* Within one file system. False where no more is to be looked at. */
bool look_into(int folder, const std::string &path, int deep, Walk &walk)
{
	struct stat self;
	if (fstat(folder, &self) || self.st_dev != walk.device)
		return true;
	DIR *entries = fdopendir(dup(folder));
	if (!entries)
		return true;
	bool goes_on = true;
	while (dirent *each = goes_on ? readdir(entries) : nullptr) {
		std::string name = each->d_name;
		if (name == "." || name == "..")
			continue;
		goes_on = has_room(walk.into.pins, "pins", walk.into) &&
			  !walk.into.is_late("The search of BPF file systems", "what else is pinned is not known");
		if (goes_on && each->d_type == DT_REG)
			take(folder, each->d_name, path + "/" + name, walk);
		if (!goes_on || each->d_type != DT_DIR)
			continue;
		if (deep == kMostDeep) {
			walk.into.tell("Folders more than " + std::to_string(kMostDeep) +
				       " deep in BPF file systems are not looked at.");
			continue;
		}
		Fd child(openat(folder, each->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
		if (child)
			goes_on = look_into(child.get(), path + "/" + name, deep + 1, walk);
	}
	closedir(entries);
	return goes_on;
}

} // namespace

std::vector<std::string> mounts_of(const std::string &type)
{
	std::vector<std::string> found;
	std::ifstream lines("/proc/self/mountinfo");
	for (std::string line; std::getline(lines, line);) {
		std::istringstream words(line);
		std::string word, place, kind;
		for (int i = 0; i < 5 && words >> word; i++)
			place = word;
		while (words >> word && word != "-")
			;
		if (words >> kind && kind == type)
			found.push_back(without_escapes(place));
	}
	return found;
}

void gather_pins(Inventory &into)
{
	std::vector<dev_t> seen;
	for (const std::string &mount : mounts_of("bpf")) {
		Fd root(open(mount.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
		struct stat place;
		struct statfs system;
		if (!root || fstat(root.get(), &place) || fstatfs(root.get(), &system)) {
			into.tell("What is pinned in " + shown(mount) + " could not be read: " + strerror(errno) + ".");
			continue;
		}
		if (system.f_type != BPF_FS_MAGIC) {
			into.tell("What is pinned in " + shown(mount) + " is not known: another mount hides it.");
			continue;
		}
		if (std::find(seen.begin(), seen.end(), place.st_dev) != seen.end())
			continue;
		seen.push_back(place.st_dev);
		Walk walk{.into = into, .device = place.st_dev, .refusal = ""};
		bool goes_on = look_into(root.get(), mount, 0, walk);
		if (walk.refused)
			into.tell("What is pinned could not be opened in " + std::to_string(walk.refused) +
				  " places, first " + walk.refusal + ".");
		if (!goes_on)
			return;
	}
}

} // namespace inventory
