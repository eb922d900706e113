/* What is pinned in the host's BPF file systems, by paths. */
#include "inventory.h"

#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <fstream>
#include <sstream>
#include <sys/stat.h>
#include <bpf/bpf.h>

#include "../text.h"
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

void take(const std::string &path, Inventory &into)
{
	Fd object(bpf_obj_get(path.c_str()));
	if (!object)
		return; /* an iterator, or gone */
	FdInfo info("self", object.get());
	for (const char *kind : {"prog", "map", "link"})
		/* A link's fdinfo names its program too. */
		if (info.has((std::string(kind) + "_id").c_str()) &&
		    (strcmp(kind, "prog") != 0 || !info.has("link_id")))
			into.pins.push_back(
			    {native::printable(path),
			     {strcmp(kind, "prog") == 0 ? "program" : kind,
			      static_cast<uint32_t>(info.number((std::string(kind) + "_id").c_str()))}});
}

void walk(const std::string &folder, int deep, Inventory &into)
{
	DIR *entries = opendir(folder.c_str());
	if (!entries)
		return;
	while (dirent *each = readdir(entries)) {
		std::string path = folder + "/" + each->d_name;
		if (strcmp(each->d_name, ".") == 0 || strcmp(each->d_name, "..") == 0)
			continue;
		if (each->d_type == DT_DIR && deep < kMostDeep)
			walk(path, deep + 1, into);
		else if (each->d_type == DT_REG && has_room(into.pins, "pins", into))
			take(path, into);
	}
	closedir(entries);
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
		struct stat place;
		if (stat(mount.c_str(), &place))
			continue;
		bool twice = false;
		for (dev_t each : seen)
			twice |= each == place.st_dev;
		seen.push_back(place.st_dev);
		if (!twice)
			walk(mount, 0, into);
	}
}

} // namespace inventory
