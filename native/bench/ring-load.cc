/*
 * ring-load PID SECONDS: writes records of 640 bytes into the ring of the sensor in process PID, as fast as it takes
 * them, for so long. Prints {"sent": …, "full": …}. Needs CAP_SYS_ADMIN, to open another process's map by its id.
 */
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dirent.h>
#include <fstream>
#include <string>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "ring-load.skel.h"

struct load {
	uint64_t sent;
	uint64_t full;
};

static int give_up(const char *what)
{
	fprintf(stderr, "ring-load: %s: %s\n", what, strerror(errno));
	return 1;
}

/* The id of the one ring buffer that the process has open, from its descriptors; 0 where there is none. */
static uint32_t ring_of(const std::string &pid)
{
	std::string folder = "/proc/" + pid + "/fdinfo";
	DIR *entries = opendir(folder.c_str());
	uint32_t found = 0;
	for (dirent *entry; entries && (entry = readdir(entries));) {
		std::ifstream file(folder + "/" + entry->d_name);
		bool ring = false;
		uint32_t id = 0;
		for (std::string key; file >> key;) {
			uint32_t value = 0;
			if (key == "map_type:" && file >> value)
				ring = value == BPF_MAP_TYPE_RINGBUF;
			if (key == "map_id:")
				file >> id;
		}
		if (ring)
			found = id;
	}
	if (entries)
		closedir(entries);
	return found;
}

int main(int argc, char **argv)
{
	if (argc != 3) {
		fprintf(stderr, "usage: ring-load PID SECONDS\n");
		return 2;
	}
	uint32_t id = ring_of(argv[1]);
	int ring = id ? bpf_map_get_fd_by_id(id) : -1;
	if (ring < 0)
		return give_up("no ring in that process");
	ring_load *skeleton = ring_load__open();
	if (!skeleton || bpf_map__reuse_fd(skeleton->maps.ring, ring))
		return give_up("reuse");
	skeleton->rodata->wakeup_bytes = bpf_map__max_entries(skeleton->maps.ring) / 4;
	if (ring_load__load(skeleton))
		return give_up("load");
	load counts{};
	/* The kernel writes the counts back to where it read them from. */
	LIBBPF_OPTS(bpf_test_run_opts, run, .ctx_in = &counts, .ctx_size_in = sizeof counts);
	using Clock = std::chrono::steady_clock;
	auto end = Clock::now() + std::chrono::duration<double>(atof(argv[2]));
	while (Clock::now() < end) {
		uint64_t full = counts.full;
		if (bpf_prog_test_run_opts(bpf_program__fd(skeleton->progs.fill), &run))
			return give_up("run");
		if (counts.full > full)
			usleep(100); /* the reader is behind: let it read */
	}
	printf("{\"sent\": %llu, \"full\": %llu}\n", (unsigned long long)counts.sent, (unsigned long long)counts.full);
	ring_load__destroy(skeleton);
	return 0;
}
