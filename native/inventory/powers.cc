#include "powers.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <map>

namespace inventory
{
namespace
{

/* The kernel's function of a helper, and what it lets a program do. */
constexpr struct {
	const char *function, *power;
} kPowers[] = {
    {"bpf_override_return", "overrides_returns"},
    {"bpf_probe_write_user", "writes_user_memory"},
    {"bpf_send_signal", "sends_signals"},
    {"bpf_send_signal_thread", "sends_signals"},
};
/* Calls of helpers are told as distances from this function (kernel/bpf/verifier.c, do_misc_fixups). */
constexpr char kBase[] = "__bpf_call_base";
constexpr uint32_t kMostBytes = 8 << 20; /* a million instructions, the verifier's own limit */

/* By distance. Empty where the addresses are hidden (kernel.kptr_restrict of 2, no CAP_SYSLOG). */
std::map<int32_t, const char *> find_distances()
{
	std::map<int32_t, const char *> distances;
	FILE *file = fopen("/proc/kallsyms", "re");
	if (!file)
		return distances;
	uint64_t base = 0, address;
	std::vector<std::pair<uint64_t, const char *>> found;
	char line[512], name[256];
	while (fgets(line, sizeof line, file)) {
		/* Most of some 200,000 lines end here. */
		if (!strstr(line, " bpf_") && !strstr(line, kBase))
			continue;
		if (sscanf(line, "%lx %*c %255s", &address, name) != 2)
			continue;
		name[strcspn(name, ".")] = '\0'; /* what a compiler adds to it */
		if (strcmp(name, kBase) == 0)
			base = address;
		for (const auto &[function, power] : kPowers)
			if (strcmp(name, function) == 0)
				found.emplace_back(address, power);
	}
	fclose(file);
	for (const auto &[at, power] : found)
		if (base && at)
			distances[static_cast<int32_t>(at - base)] = power;
	return distances;
}

const std::map<int32_t, const char *> &distances_of_helpers()
{
	static const auto distances = find_distances();
	return distances;
}

bool calls_helper(const bpf_insn &each)
{
	return each.code == (BPF_JMP | BPF_CALL) && each.src_reg == 0;
}

} // namespace

void read_helpers()
{
	distances_of_helpers();
}

std::optional<std::vector<std::string>> powers_of(const Fd &program, uint32_t translated_bytes)
{
	const auto &distances = distances_of_helpers();
	if (distances.empty() || translated_bytes == 0 || translated_bytes > kMostBytes)
		return std::nullopt;
	std::vector<bpf_insn> code(translated_bytes / sizeof(bpf_insn));
	bpf_prog_info info{};
	info.xlated_prog_len = code.size() * sizeof(bpf_insn);
	info.xlated_prog_insns = reinterpret_cast<uintptr_t>(code.data());
	/* Where the kernel does not show them, it gives a null pointer back, or a length of nothing. */
	if (!info_of(program, &info, sizeof info) || !info.xlated_prog_insns || !info.xlated_prog_len)
		return std::nullopt;
	std::vector<std::string> powers;
	bool shown = false, called = false;
	for (const bpf_insn &each : code) {
		if (!calls_helper(each))
			continue;
		called = true;
		shown |= each.imm != 0;
		auto known = distances.find(each.imm);
		if (known != distances.end() && std::find(powers.begin(), powers.end(), known->second) == powers.end())
			powers.emplace_back(known->second);
	}
	/* bpf_insn_prepare_dump leaves no distance in a call where the reader may not see addresses. */
	if (called && !shown)
		return std::nullopt;
	return powers;
}

} // namespace inventory
