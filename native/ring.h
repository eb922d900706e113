/*
 * Reads a BPF ring buffer (Documentation/bpf/ringbuf.rst) straight from its pages. libbpf 1.1's ring_buffer moves the
 * consumer past a record before it calls back, cannot tell how much waits, and maps the data twice; here a record stays
 * in the ring until it has been copied whole, and each page counts once in the helper's memory.
 */
#pragma once

#include <cstddef>
#include <cstdint>

namespace native
{

class Ring
{
      public:
	struct Drained {
		size_t bytes;     /* copied */
		uint64_t records; /* copied */
		size_t needed;    /* length of the next record, where it no longer fitted; else 0 */
	};

	Ring() = default;
	~Ring();
	Ring(const Ring &) = delete;
	Ring &operator=(const Ring &) = delete;

	/* Maps the ring `fd` of `bytes`. Returns 0 or -errno. The descriptor stays the caller's. */
	int map(int fd, size_t bytes);

	/* Copies whole records back to back into `to`: what is there at the call, as far as it fits. One thread at a
	 * time. */
	Drained drain(uint8_t *to, size_t room);

	/* Bytes that wait to be read, records still being written included. Any thread. */
	uint64_t pending() const;

	int descriptor() const
	{
		return fd;
	}

      private:
	void copy(uint8_t *to, uint64_t position, size_t length) const;

	int fd = -1;
	size_t size = 0;
	size_t page = 0;
	uint64_t *consumer = nullptr;       /* its page is writable */
	const uint64_t *producer = nullptr; /* its page and the data are not */
	const uint8_t *data = nullptr;
};

} // namespace native
