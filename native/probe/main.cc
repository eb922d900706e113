/*
 * merlon-probe: tries what this kernel takes and refuses, by loading, attaching and running the smallest thing of each
 * kind, and prints what came of it as JSON. It takes nothing from anybody, acts on nothing but what it made, and ends.
 * The launcher starts it, with root's powers, which the helper itself does not keep.
 */
#include <chrono>
#include <cstdio>
#include <cstring>
#include <unistd.h>
#include <bpf/libbpf.h>

#include "system.h"

/* An attempt that hangs must not leave a process with root's powers behind (seconds). */
static constexpr unsigned kLimit = 60;

int main(int argc, char **argv)
{
	using namespace probe;
	if (argc == 2 && strcmp(argv[1], "--end") == 0)
		return 0; /* this program as the one that its own attempts execute */
	if (argc > 1) {
		fprintf(stderr, "merlon-probe: takes no arguments.\n");
		return 64;
	}
	auto begun = std::chrono::steady_clock::now();
	alarm(kLimit);
	libbpf_set_print(nullptr);
	Fd turn = take_turn();

	Report report;
	Places places = make_places(report);
	look_at_interfaces(report);
	try_types(report);
	try_tracing(report);
	try_security_hooks(report);
	try_iterators(report);
	try_maps(report);
	try_helpers(report);
	try_housekeeping(report);
	try_pins(report, places);
	try_signing(report);
	try_fanotify(report, places);
	try_processes(report, places);
	try_paths(report);
	try_cgroups(report, places);
	try_network(report);

	auto took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begun);
	std::string json = report.to_json(took.count());
	fwrite(json.data(), 1, json.size(), stdout);
	return fflush(stdout) == 0 ? 0 : 74;
}
