/*
 * merlon-inventory: answers the helper's questions that need more powers than the helper keeps: which BPF there is on
 * this host, and whether the kernel measures it. The launcher starts it beside each helper, with a socket as its
 * standard input and output. A question is one byte of a closed list; an answer is its length (u32) and JSON. It ends
 * with the socket, and changes nothing but the kernel's statistics, which end with it.
 */
#include "inventory.h"

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "../text.h"
#include "kernel.h"
#include "powers.h"

namespace
{

using native::Fd;

enum Question : char { kInventory = 'i', kMeasure = 'm', kNoMeasure = 'n' };

/* kernel.bpf_stats_enabled, which an administrator may have set; what others hold by descriptors is not shown. */
bool measured_by_sysctl()
{
	return native::read_text("/proc/sys/kernel/bpf_stats_enabled").value_or("0") != "0";
}

std::string take_inventory(bool measuring)
{
	using namespace inventory;
	auto begun = std::chrono::steady_clock::now();
	/* Nobody makes these longer, and on a slow machine they take seconds: before time counts. */
	read_helpers();
	read_types();
	Inventory all;
	Cgroups cgroups = find_cgroups(all);
	gather_programs(all);
	gather_maps(all);
	std::vector<Interface> interfaces = find_interfaces(all);
	gather_links(all, cgroups, interfaces);
	gather_cgroups(all, cgroups);
	gather_interfaces(all, interfaces);
	gather_pins(all);
	gather_holders(all);
	auto took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begun);
	return all.to_json(took.count(), boot_ns(), measuring || measured_by_sysctl());
}

/* The statistics hold while the descriptor is open (BPF_ENABLE_STATS, Linux 5.8). */
std::string measure(Fd &statistics)
{
	if (!statistics)
		statistics = Fd(bpf_enable_stats(BPF_STATS_RUN_TIME));
	return statistics ? "{}" : "{\"error\":" + native::quoted(strerror(errno)) + "}";
}

bool write_all(const void *bytes, size_t length)
{
	auto at = static_cast<const char *>(bytes);
	while (length > 0) {
		ssize_t written = write(STDOUT_FILENO, at, length);
		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return false;
		at += written, length -= written;
	}
	return true;
}

} // namespace

int main(int argc, char **)
{
	if (argc > 1) {
		fprintf(stderr, "merlon-inventory: takes no arguments.\n");
		return 64;
	}
	libbpf_set_print(nullptr);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGINT, SIG_IGN); /* Ctrl-C goes to the whole foreground group; this ends with the helper */
	Fd statistics;
	for (char question; read(STDIN_FILENO, &question, 1) == 1;) {
		std::string answer;
		switch (question) {
		case kInventory:
			answer = take_inventory(static_cast<bool>(statistics));
			break;
		case kMeasure:
			answer = measure(statistics);
			break;
		case kNoMeasure:
			statistics = Fd();
			answer = "{}";
			break;
		default:
			return 65;
		}
		auto length = static_cast<uint32_t>(answer.size());
		if (!write_all(&length, sizeof length) || !write_all(answer.data(), answer.size()))
			return 0;
	}
	return 0;
}
