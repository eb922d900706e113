#include "ring.h"

#include <cerrno>
#include <cstring>
#include <linux/bpf.h>
#include <sys/mman.h>
#include <unistd.h>

namespace native
{
namespace
{

/* The producer sees free room only when the consumer's position is stored: often enough, yet not for each record. */
constexpr uint64_t kPublishEvery = 64 << 10;

} // namespace

Ring::~Ring()
{
	if (consumer)
		munmap(consumer, page);
	if (producer)
		munmap(const_cast<uint64_t *>(producer), page + size);
}

int Ring::map(int ring_fd, size_t bytes)
{
	page = sysconf(_SC_PAGESIZE);
	size = bytes;
	fd = ring_fd;
	void *first = mmap(nullptr, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (first == MAP_FAILED)
		return -errno;
	consumer = static_cast<uint64_t *>(first);
	void *rest = mmap(nullptr, page + size, PROT_READ, MAP_SHARED, fd, page);
	if (rest == MAP_FAILED)
		return -errno;
	producer = static_cast<const uint64_t *>(rest);
	data = static_cast<const uint8_t *>(rest) + page;
	return 0;
}

uint64_t Ring::pending() const
{
	uint64_t end = __atomic_load_n(producer, __ATOMIC_ACQUIRE);
	uint64_t at = __atomic_load_n(consumer, __ATOMIC_RELAXED);
	return end - at;
}

void Ring::copy(uint8_t *to, uint64_t position, size_t length) const
{
	size_t at = position & (size - 1);
	size_t first = length < size - at ? length : size - at;
	memcpy(to, data + at, first);
	memcpy(to + first, data, length - first);
}

Ring::Drained Ring::drain(uint8_t *to, size_t room)
{
	Drained done{0, 0, 0};
	uint64_t at = __atomic_load_n(consumer, __ATOMIC_RELAXED);
	uint64_t stored = at;
	uint64_t end = __atomic_load_n(producer, __ATOMIC_ACQUIRE);
	while (at < end) {
		/* A record's header is 8-aligned, so it never wraps. */
		uint32_t header =
		    __atomic_load_n(reinterpret_cast<const uint32_t *>(data + (at & (size - 1))), __ATOMIC_ACQUIRE);
		if (header & BPF_RINGBUF_BUSY_BIT)
			break;
		size_t length = header & ~BPF_RINGBUF_DISCARD_BIT;
		if (!(header & BPF_RINGBUF_DISCARD_BIT)) {
			if (length > room - done.bytes) {
				done.needed = length;
				break;
			}
			copy(to + done.bytes, at + BPF_RINGBUF_HDR_SZ, length);
			done.bytes += length;
			done.records++;
		}
		at += (length + BPF_RINGBUF_HDR_SZ + 7) & ~size_t{7};
		if (at - stored >= kPublishEvery) {
			__atomic_store_n(consumer, at, __ATOMIC_RELEASE);
			stored = at;
		}
	}
	__atomic_store_n(consumer, at, __ATOMIC_RELEASE);
	return done;
}

} // namespace native
