#include "snapshot.h"

#include <cerrno>
#include <cstring>
#include <vector>
#include <unistd.h>

namespace native
{
namespace
{

/* The kernel's own buffer for an iterator is 32 KiB, and no record is longer than that. */
constexpr size_t kBufferBytes = 128 << 10;
constexpr size_t kRecordMax = 32 << 10;

/* Length of the whole records at the start; all that is known here of a record is that it begins with its size. */
int cut_whole(const uint8_t *from, size_t have, size_t &whole, int64_t &records)
{
	whole = 0;
	while (have - whole >= sizeof(uint32_t)) {
		uint32_t size;
		memcpy(&size, from + whole, sizeof size);
		if (size < sizeof size || size > kRecordMax)
			return EBADMSG;
		if (size > have - whole)
			break;
		whole += size;
		records++;
	}
	return 0;
}

} // namespace

SnapshotResult read_snapshot(int fd, const std::function<bool(const uint8_t *, size_t)> &deliver)
{
	std::vector<uint8_t> buffer(kBufferBytes);
	size_t have = 0;
	SnapshotResult result{0, 0};
	for (;;) {
		ssize_t got = read(fd, buffer.data() + have, buffer.size() - have);
		if (got < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (got <= 0) {
			result.error = got < 0 ? errno : have > 0 ? EBADMSG : 0;
			break;
		}
		have += got;
		size_t whole;
		result.error = cut_whole(buffer.data(), have, whole, result.records);
		if (result.error)
			break;
		if (whole > 0 && !deliver(buffer.data(), whole)) {
			result.error = ECANCELED;
			break;
		}
		memmove(buffer.data(), buffer.data() + whole, have - whole);
		have -= whole;
	}
	close(fd);
	return result;
}

} // namespace native
