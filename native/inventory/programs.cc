/* Every program that is loaded: also those that nobody holds but a link, a pin or a network device. */
#include "inventory.h"

#include <cstring>

#include "kernel.h"
#include "names.h"
#include "powers.h"

namespace inventory
{
namespace
{

constexpr uint32_t kMostMaps = 1024;

std::string hex(const uint8_t *bytes, size_t length)
{
	static const char digits[] = "0123456789abcdef";
	std::string out;
	for (size_t i = 0; i < length; i++)
		(out += digits[bytes[i] >> 4]) += digits[bytes[i] & 15];
	return out;
}

std::vector<uint32_t> maps_of(const Fd &object, uint32_t count)
{
	std::vector<uint32_t> maps(std::min(count, kMostMaps));
	bpf_prog_info info{};
	info.nr_map_ids = maps.size();
	info.map_ids = reinterpret_cast<uintptr_t>(maps.data());
	if (maps.empty() || !info_of(object, &info, sizeof info))
		return {};
	maps.resize(std::min<size_t>(info.nr_map_ids, maps.size()));
	return maps;
}

Program read(const Fd &object, const bpf_prog_info &info)
{
	FdInfo more("self", object.get());
	return {.id = info.id,
		.kind = info.type,
		.type = program_type(info.type),
		.name = shown(std::string(info.name, strnlen(info.name, sizeof info.name))),
		.tag = hex(info.tag, sizeof info.tag),
		.loaded_ns = info.load_time,
		.uid = info.created_by_uid,
		.gpl = info.gpl_compatible != 0,
		.verified = info.verified_insns,
		.translated_bytes = info.xlated_prog_len,
		.jited_bytes = info.jited_prog_len,
		.memory_bytes = more.number("memlock"),
		.run_ns = info.run_time_ns,
		.runs = info.run_cnt,
		.missed = info.recursion_misses,
		.maps = maps_of(object, info.nr_map_ids),
		.powers = powers_of(object, info.xlated_prog_len),
		.attach_target = shown(type_name(info.attach_btf_obj_id, info.attach_btf_id))};
}

} // namespace

void gather_programs(Inventory &into)
{
	int error = each_object(BPF_PROG_GET_NEXT_ID, BPF_PROG_GET_FD_BY_ID, [&](const Fd &object) {
		bpf_prog_info info{};
		if (info_of(object, &info, sizeof info))
			into.programs.push_back(read(object, info));
		return has_room(into.programs, "programs", into) &&
		       !into.is_late("The list of programs", "the others are left out");
	});
	if (error)
		into.tell(std::string("The programs could not be listed: ") + strerror(error) + ".");
}

void gather_maps(Inventory &into)
{
	int error = each_object(BPF_MAP_GET_NEXT_ID, BPF_MAP_GET_FD_BY_ID, [&](const Fd &object) {
		bpf_map_info info{};
		if (!info_of(object, &info, sizeof info))
			return true;
		FdInfo more("self", object.get());
		into.maps.push_back({.id = info.id,
				     .type = map_type(info.type),
				     .name = shown(std::string(info.name, strnlen(info.name, sizeof info.name))),
				     .key_bytes = info.key_size,
				     .value_bytes = info.value_size,
				     .max_entries = info.max_entries,
				     .memory_bytes = more.number("memlock"),
				     .frozen = more.number("frozen") != 0});
		return has_room(into.maps, "maps", into) &&
		       !into.is_late("The list of maps", "the others are left out");
	});
	if (error)
		into.tell(std::string("The maps could not be listed: ") + strerror(error) + ".");
}

} // namespace inventory
