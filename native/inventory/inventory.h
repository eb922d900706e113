/* All BPF of the host, as the kernel says it: what native/inventory gathers and prints (shared/bpf.ts, bpfOutput). */
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>
#include <sys/types.h>

namespace inventory
{

struct Program {
	uint32_t id;
	uint32_t kind; /* enum bpf_prog_type */
	std::string type, name, tag;
	uint64_t loaded_ns;
	uint32_t uid;
	bool gpl;
	uint32_t verified, translated_bytes, jited_bytes;
	uint64_t memory_bytes, run_ns, runs, missed;
	std::vector<uint32_t> maps;
	std::optional<std::vector<std::string>> powers;
	/* What it was loaded to be attached to, where its type says that. */
	std::string attach_target;
};

struct Map {
	uint32_t id;
	std::string type, name;
	uint32_t key_bytes, value_bytes, max_entries;
	uint64_t memory_bytes;
	bool frozen;
};

struct Attachment {
	uint32_t program;
	std::optional<uint32_t> link;
	std::string type, attach_type, target;
	bool detachable;
	uint64_t cgroup = 0; /* its id, where the target is one; not printed */
};

/* A program, map or link. */
struct Object {
	std::string kind;
	uint32_t id;
};

struct Pin {
	std::string path;
	Object object;
};

struct Holder {
	Object object;
	int pid;
	uint64_t start_ticks;
	std::string comm;
};

/* Others decide how much there is to look at: after so long what is left is not looked at, which is said. */
constexpr std::chrono::seconds kPatience{3};

struct Inventory {
	std::vector<Program> programs;
	std::vector<Map> maps;
	std::vector<Attachment> attachments;
	std::vector<Pin> pins;
	std::vector<Holder> holders;
	std::vector<std::string> unread; /* sentences */
	std::chrono::steady_clock::time_point until = std::chrono::steady_clock::now() + kPatience;

	/* Puts a sentence into `unread`, once. */
	void tell(const std::string &sentence);
	/* Whether time is up, with a sentence: "`What` was given up after 3 s: `rest`." */
	bool is_late(const char *what, const char *rest);
	/* Of a bounded length: what is left out is said in it. */
	std::string to_json(uint64_t taken_ms, uint64_t at_ns, bool statistics) const;
};

/* A name that others chose, to be printed: reversible (shared/bytes.ts), and at most 1,024 characters of it. */
std::string shown(const std::string &raw);

/* The version 2 cgroups of the host, as paths from its root, which is "". */
struct Cgroups {
	std::string mount; /* "" where none is mounted */
	dev_t device = 0;
	std::map<uint64_t, std::string> paths; /* by id, as they are: to be opened, not to be printed */
};
Cgroups find_cgroups(Inventory &into);
std::string shown_cgroup(const std::string &path);

/* A network interface of this network namespace, with the programs of XDP on it and how each runs. */
struct Interface {
	uint32_t index;
	std::string name;
	std::vector<std::pair<const char *, uint32_t>> xdp;
};
std::vector<Interface> find_interfaces(Inventory &into);

/* The places in /proc/self/mountinfo where a file system of that type is mounted. */
std::vector<std::string> mounts_of(const std::string &type);

/* Each list at most so long: an answer is bounded, and says where it is cut. */
constexpr size_t kMost = 4096;

/* False, with a sentence in `unread`, where the list is full. */
template <typename List> bool has_room(const List &list, const char *what, Inventory &into)
{
	if (list.size() < kMost)
		return true;
	into.tell("There are more than " + std::to_string(kMost) + " " + what + ": the others are left out.");
	return false;
}

/* Each gathers what its name says. Those further down use what those above have found. */
void gather_programs(Inventory &into);
void gather_maps(Inventory &into);
void gather_links(Inventory &into, const Cgroups &cgroups, const std::vector<Interface> &interfaces);
void gather_cgroups(Inventory &into, const Cgroups &cgroups);
void gather_interfaces(Inventory &into, const std::vector<Interface> &interfaces);
void gather_pins(Inventory &into);
void gather_holders(Inventory &into); /* and programs on their perf events */

} // namespace inventory
