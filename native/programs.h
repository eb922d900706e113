/* The BPF object: loaded with what this kernel accepts, attached program by program, measured, detached. */
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "error.h"
#include "tasks.h"

struct merlon;
struct bpf_link;
struct bpf_program;

namespace native
{

struct CallEnd;

class Programs
{
      public:
	struct Refused {
		std::string name;
		std::string reason; /* the kernel's or libbpf's own words */
	};
	struct Counters {
		std::string name;
		uint64_t runs;
		uint64_t run_ns;
		uint64_t missed;
	};

	Programs() = default;
	~Programs();
	Programs(const Programs &) = delete;
	Programs &operator=(const Programs &) = delete;

	/* The hash of the record layout that the object was built with. Needs no privilege. */
	static std::string layout_hash();

	/* Loads what a usual kernel takes or, where this one refuses some of it, what nothing works without. */
	std::optional<Failure> load(uint32_t ring_bytes);

	/* Attaches what nothing works without. Events flow from here on. */
	std::optional<Failure> attach();

	/* Attaches the other programs, and loads them where that is still to be done. What this kernel refuses is in
	 * refused(). */
	void add_optional();

	/* Detaches and unloads. Idempotent. */
	void close();

	int ring() const;
	volatile uint32_t *asleep() const;
	std::vector<std::string> attached() const;
	const std::vector<Refused> &refused() const
	{
		return refusals;
	}

	/* lost[type][cpu]. False, with errno set, where the kernel would not say; so below. */
	bool lost(std::vector<std::vector<uint64_t>> &into) const;
	/* Means nothing where task_made is not attached. */
	std::optional<Tasks> tasks() const;
	bool counters(std::vector<Counters> &into) const;
	/* Records that thin() left out, by type. */
	bool left_out(std::vector<uint64_t> &into) const;

	/* Tells only so many records of these types a second on each processor; of 0 all. */
	void thin(const std::vector<uint32_t> &types, uint32_t most_per_second);
	/* Attaches or detaches those of these programs that this kernel took. False, with errno set, where it refuses.
	 */
	bool set_attached(const std::vector<std::string> &names, bool on);

	/* A descriptor that yields one record for each process that runs; the caller closes it. -errno on failure. */
	int open_snapshot() const;

      private:
	std::optional<Failure> load_named(const std::vector<std::string> &names, uint32_t ring_bytes);
	bool attach_loaded();
	void drop_links(size_t kept);
	merlon *load_beside(const std::vector<std::string> &names, std::string &reason);
	bool attach_one(bpf_program *program, int &error, std::string &said);
	bool add(const std::vector<std::string> &names, std::string &reason);
	bool add_whole(const std::vector<std::string> &names, std::string &reason);
	void add_each(const std::vector<std::string> &names);
	bool add_usual(const CallEnd &end);
	void add_call_ends();

	struct Attached {
		std::string name;
		bpf_program *program;
		bpf_link *link; /* null while it is detached by set_attached() */
	};
	merlon *skeleton = nullptr;   /* the mandatory programs or the usual ones, and the maps of all */
	std::vector<merlon *> beside; /* the optional ones, where they could not be loaded with the others */
	bool thinned = false;         /* once: then something may have been left out */
	bool usual = false;           /* the optional ones were loaded with them, save those of kCallEnds */
	std::vector<Attached> links;
	std::vector<Refused> refusals;
};

} // namespace native
