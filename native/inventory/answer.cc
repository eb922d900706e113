#include "inventory.h"

#include "../text.h"

namespace inventory
{
namespace
{

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

} // namespace

std::string Inventory::to_json(uint64_t taken_ms, uint64_t at_ns, bool statistics) const
{
	return "{\"taken_ms\":" + std::to_string(taken_ms) + number("at_ns", at_ns) + truth("statistics", statistics) +
	       list("programs", programs, program) + list("maps", maps, map) +
	       list("attachments", attachments, attachment) + list("pins", pins, pin) +
	       list("holders", holders, holder) +
	       list("unread", unread, [](const std::string &each) { return quoted(each); }) + "}";
}

} // namespace inventory
