/* What was tried and what came of it, printed as the JSON that shared/capabilities.ts parses (probeOutput). */
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "../text.h"

namespace probe
{

struct Feature {
	enum State { works, refused, untried } state = works;
	std::string step; /* where it ended: create, load, attach, run */
	int error = 0;    /* errno, positive; 0: the kernel gave none */
	std::string message;
};

inline Feature works()
{
	return {};
}
/* Without `message`: what errno means. */
Feature refused(const std::string &step, int error, const std::string &message = "");
Feature untried(const std::string &message);

struct Interface {
	std::string name, driver;
	Feature native;
};

struct Report {
	std::vector<std::pair<std::string, Feature>> features;
	std::vector<Interface> interfaces;
	std::optional<std::string> lsm, lockdown, cgroup2;
	std::vector<std::string> mounted;

	void add(const std::string &id, Feature feature)
	{
		features.emplace_back(id, std::move(feature));
	}
	/* Of what was added before. */
	const Feature &at(const std::string &id) const;
	std::string to_json(long took_ms) const;
};

using native::printable;
using native::read_text;
using native::write_text;

} // namespace probe
