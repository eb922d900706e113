/* Text from outside, and JSON of it. */
#pragma once

#include <optional>
#include <string>

namespace native
{

/* A JSON string. What comes from outside has been through printable(). */
std::string quoted(const std::string &text);

/* The members of a JSON list, with commas. */
template <typename List, typename Print> std::string joined(const List &list, Print print)
{
	std::string out;
	for (const auto &each : list)
		out += (out.empty() ? "" : ",") + print(each);
	return out;
}

/* Names and logs that others chose, in ASCII: every other byte as \xNN. */
std::string printable(const std::string &text);

/* The file, printable and without the end of its last line; nothing where it cannot be read. At most 64 KiB. */
std::optional<std::string> read_text(const std::string &path);
bool write_text(const std::string &path, const std::string &text);

} // namespace native
