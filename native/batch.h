/* The pool of memory that records travel in: lent by JavaScript, filled by native threads, given back by release. */
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <vector>

namespace native
{

class BatchPool
{
      public:
	struct Batch {
		uint32_t slot;
		uint8_t *memory;
	};

	/* `memories` stay the caller's, and must live until close() has returned and no batch is being filled. */
	BatchPool(std::vector<uint8_t *> memories, size_t bytes);

	/* A free batch; waits for one. Nothing once the pool is closed. */
	std::optional<Batch> take();

	/* Gives a batch back. Must follow a take of that slot. */
	void release(uint32_t slot);

	/* Wakes whoever waits; take() gives nothing from now on. */
	void close();

	size_t batch_bytes() const
	{
		return bytes;
	}
	size_t count() const
	{
		return memories.size();
	}

      private:
	const std::vector<uint8_t *> memories;
	const size_t bytes;
	std::mutex lock;
	std::condition_variable changed;
	std::vector<uint32_t> free; /* last in, first out: its memory is still in the cache */
	bool closed = false;
};

} // namespace native
