/* What Merlon needs of the kernel besides programs, and the networks on which those are tried. */
#pragma once

#include "child.h"

namespace probe
{

/* Where things are mounted for this process alone. */
struct Places {
	std::string scratch; /* a tmpfs, empty; "" where none can be had */
	std::string bpffs;   /* "" where none can be had */
	std::string cgroup2; /* "" where none can be had */
};

/* A mount namespace of our own, in which what the host lacks is mounted; notes it in the report. */
Places make_places(Report &report);

void try_pins(Report &report, const Places &places);
void try_signing(Report &report);
void try_fanotify(Report &report, const Places &places);
void try_processes(Report &report, const Places &places);
void try_paths(Report &report);
/* In a cgroup of our own. */
void try_cgroups(Report &report, const Places &places);
/* What the drivers of the host's interfaces say; nothing is attached to them. */
void look_at_interfaces(Report &report);
/* On a veth pair in a network namespace of its own, which the calling process enters for good. */
void try_network(Report &report);

} // namespace probe
