/* Reads the task iterator to its end on a thread of its own: what already ran, as the same records as the ring's. */
#pragma once

#include <cstdint>
#include <functional>

namespace native
{

struct SnapshotResult {
	int64_t records; /* handed over */
	int error;       /* errno, positive; 0 when the iterator was read to its end */
};

/*
 * Reads whole records from the iterator `fd`, which it closes. `deliver` gets them back to back and says whether to go
 * on. May block for as long as a process keeps its own memory from being read (FUSE), so it never runs on the ring's
 * thread, and nobody joins it.
 */
SnapshotResult read_snapshot(int fd, const std::function<bool(const uint8_t *records, size_t bytes)> &deliver);

} // namespace native
