#include "inventory.h"

#include <algorithm>
#include <cctype>

#include "../text.h"

namespace inventory
{
namespace
{

constexpr size_t kMostText = 1024;
constexpr size_t kMostSentences = 64;
/* What the helper takes is more (helper/inventory.ts): that leaves room for the sentences. */
constexpr size_t kMostBytes = 5 << 19;

using native::joined;
using native::quoted;

std::string number(const char *name, uint64_t value)
{
	return std::string(",\"") + name + "\":" + std::to_string(value);
}

std::string text(const char *name, const std::string &value)
{
	return std::string(",\"") + name + "\":" + quoted(value);
}

std::string truth(const char *name, bool value)
{
	return std::string(",\"") + name + (value ? "\":true" : "\":false");
}

std::string numbers(const char *name, const std::vector<uint32_t> &values)
{
	return std::string(",\"") + name + "\":[" + joined(values, [](uint32_t each) { return std::to_string(each); }) +
	       "]";
}

template <typename List, typename Print> std::string list(const char *name, const List &values, Print print)
{
	return std::string(",\"") + name + "\":[" + joined(values, print) + "]";
}

std::string program(const Program &each)
{
	std::string out = "{\"id\":" + std::to_string(each.id) + text("type", each.type) + text("name", each.name) +
			  text("tag", each.tag) + number("loaded_ns", each.loaded_ns) + number("uid", each.uid) +
			  truth("gpl", each.gpl) + number("verified", each.verified) +
			  number("translated_bytes", each.translated_bytes) + number("jited_bytes", each.jited_bytes) +
			  number("memory_bytes", each.memory_bytes) + number("run_ns", each.run_ns) +
			  number("runs", each.runs) + number("missed", each.missed) + numbers("maps", each.maps);
	if (!each.powers)
		return out + ",\"powers\":null}";
	return out + list("powers", *each.powers, [](const std::string &name) { return quoted(name); }) + "}";
}

std::string map(const Map &each)
{
	return "{\"id\":" + std::to_string(each.id) + text("type", each.type) + text("name", each.name) +
	       number("key_bytes", each.key_bytes) + number("value_bytes", each.value_bytes) +
	       number("max_entries", each.max_entries) + number("memory_bytes", each.memory_bytes) +
	       truth("frozen", each.frozen) + "}";
}

std::string attachment(const Attachment &each)
{
	return "{\"program\":" + std::to_string(each.program) +
	       ",\"link\":" + (each.link ? std::to_string(*each.link) : "null") + text("type", each.type) +
	       text("attach_type", each.attach_type) + text("target", each.target) +
	       truth("detachable", each.detachable) + "}";
}

std::string pin(const Pin &each)
{
	return "{\"path\":" + quoted(each.path) + text("kind", each.object.kind) + number("id", each.object.id) + "}";
}

std::string holder(const Holder &each)
{
	return "{\"kind\":" + quoted(each.object.kind) + number("id", each.object.id) + number("pid", each.pid) +
	       number("start_ticks", each.start_ticks) + text("comm", each.comm) + "}";
}

/* Lists that share what there is of room, the first ones first. */
class Lists
{
      public:
	std::string out;
	std::vector<std::string> cut; /* sentences */

	template <typename List, typename Print> void add(const char *name, const List &values, Print print)
	{
		size_t told = 0;
		out += std::string(",\"") + name + "\":[";
		for (const auto &each : values) {
			std::string next = print(each);
			if (out.size() + next.size() >= kMostBytes)
				break;
			(out += told++ ? "," : "") += next;
		}
		out += "]";
		if (told < values.size())
			cut.push_back("The answer would be too long: " + std::to_string(values.size() - told) + " " +
				      name + " of " + std::to_string(values.size()) + " are left out.");
	}
};

/* One byte as others see it. What looks like such an escape is escaped itself. */
std::string shown_byte(const std::string &raw, size_t at)
{
	auto is_hex = [&](size_t i) { return i < raw.size() && isxdigit(static_cast<unsigned char>(raw[i])); };
	if (raw[at] == '\\' && at + 1 < raw.size() && raw[at + 1] == 'x' && is_hex(at + 2) && is_hex(at + 3))
		return "\\x5c";
	return native::printable(raw.substr(at, 1));
}

} // namespace

std::string shown(const std::string &raw)
{
	static const std::string end = "...";
	std::string out;
	size_t kept = 0; /* as much as leaves room for the end, and whole */
	for (size_t i = 0; i < raw.size(); i++) {
		out += shown_byte(raw, i);
		if (out.size() > kMostText)
			return out.substr(0, kept) + end;
		if (out.size() + end.size() <= kMostText)
			kept = out.size();
	}
	return out;
}

void Inventory::tell(const std::string &sentence)
{
	if (unread.size() < kMostSentences && std::find(unread.begin(), unread.end(), sentence) == unread.end())
		unread.push_back(sentence);
}

bool Inventory::is_late(const char *what, const char *rest)
{
	if (std::chrono::steady_clock::now() < until)
		return false;
	tell(std::string(what) + " was given up after " + std::to_string(kPatience.count()) + " s: " + rest + ".");
	return true;
}

std::string Inventory::to_json(uint64_t taken_ms, uint64_t at_ns, bool statistics) const
{
	Lists lists;
	lists.add("programs", programs, program);
	lists.add("attachments", attachments, attachment);
	lists.add("maps", maps, map);
	lists.add("pins", pins, pin);
	lists.add("holders", holders, holder);
	std::vector<std::string> said = unread;
	said.insert(said.end(), lists.cut.begin(), lists.cut.end());
	return "{\"taken_ms\":" + std::to_string(taken_ms) + number("at_ns", at_ns) + truth("statistics", statistics) +
	       lists.out + list("unread", said, [](const std::string &each) { return quoted(each); }) + "}";
}

} // namespace inventory
