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

/* What comes from outside has been through printable(). */
std::string quoted(const std::string &text)
{
	std::string out = "\"";
	for (unsigned char byte : text) {
		char code[8];
		if (byte == '"' || byte == '\\')
			(out += '\\') += static_cast<char>(byte);
		else if (byte == '\n')
			out += "\\n";
		else if (byte == '\t')
			out += "\\t";
		else if (byte >= 0x20)
			out += static_cast<char>(byte);
		else {
			snprintf(code, sizeof code, "\\u%04x", byte);
			out += code;
		}
	}
	return out + "\"";
}

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

template <typename List, typename Print> std::string joined(const List &list, Print print)
{
	std::string out;
	for (const auto &each : list)
		out += (out.empty() ? "" : ",") + print(each);
	return out;
}

} // namespace

std::string printable(const std::string &text)
{
	std::string out;
	for (unsigned char byte : text) {
		char code[8];
		if (byte == '\n' || byte == '\t' || (byte >= 0x20 && byte < 0x7f))
			out += static_cast<char>(byte);
		else {
			snprintf(code, sizeof code, "\\x%02x", byte);
			out += code;
		}
	}
	return out;
}

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

std::optional<std::string> read_text(const std::string &path)
{
	int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return std::nullopt;
	std::string text(64 << 10, '\0');
	ssize_t length = read(fd, text.data(), text.size());
	close(fd);
	if (length < 0)
		return std::nullopt;
	text.resize(length);
	while (!text.empty() && text.back() == '\n')
		text.pop_back();
	return printable(text);
}

bool write_text(const std::string &path, const std::string &text)
{
	int fd = open(path.c_str(), O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	ssize_t written = write(fd, text.data(), text.size());
	int error = errno;
	close(fd);
	errno = error;
	return written == static_cast<ssize_t>(text.size());
}

} // namespace probe
