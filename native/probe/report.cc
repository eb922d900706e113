#include "report.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

namespace probe
{
namespace
{

using native::joined;
using native::quoted;

std::string quoted(const std::optional<std::string> &text)
{
	return text ? quoted(*text) : "null";
}

std::string to_json(const Feature &feature)
{
	static const char *const states[] = {"works", "refused", "untried"};
	std::string out = std::string("{\"state\":\"") + states[feature.state] + "\"";
	if (!feature.step.empty())
		out += ",\"step\":" + quoted(feature.step);
	if (feature.error != 0) {
		const char *name = strerrorname_np(feature.error);
		out += ",\"errno\":" + std::to_string(feature.error);
		if (name)
			out += ",\"error\":" + quoted(std::string(name));
	}
	if (!feature.message.empty())
		out += ",\"message\":" + quoted(feature.message);
	return out + "}";
}

} // namespace

Feature refused(const std::string &step, int error, const std::string &message)
{
	return {Feature::refused, step, error, message.empty() ? strerror(error) : message};
}

Feature untried(const std::string &message)
{
	return {Feature::untried, "", 0, message};
}

const Feature &Report::at(const std::string &id) const
{
	static const Feature none = untried("Something else has to work first.");
	for (const auto &[name, feature] : features)
		if (name == id)
			return feature;
	return none;
}

std::string Report::to_json(long took_ms) const
{
	std::string out = "{\"probe\":1,\"features\":{";
	out +=
	    joined(features, [](const auto &each) { return quoted(each.first) + ":" + probe::to_json(each.second); });
	out += "},\"interfaces\":[";
	const std::string generic = probe::to_json(at("prog.xdp_generic"));
	out += joined(interfaces, [&](const Interface &each) {
		std::string driver = each.driver.empty() ? "null" : quoted(each.driver);
		return "{\"name\":" + quoted(each.name) + ",\"driver\":" + driver +
		       ",\"native\":" + probe::to_json(each.native) + ",\"generic\":" + generic + "}";
	});
	out += "],\"facts\":{\"lsm\":" + quoted(lsm) + ",\"lockdown\":" + quoted(lockdown) +
	       ",\"cgroup2\":" + quoted(cgroup2) + ",\"mounted\":[";
	out += joined(mounted, [](const std::string &each) { return quoted(each); });
	return out + "]},\"took_ms\":" + std::to_string(took_ms) + "}\n";
}

} // namespace probe
