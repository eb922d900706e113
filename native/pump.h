/*
 * The thread between the kernel's ring and JavaScript. While records flow it looks every few milliseconds, and
 * producers wake nobody; once the ring has been quiet it asks to be woken (`asleep`), and then costs nothing at all.
 */
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <thread>

#include "batch.h"
#include "ring.h"

namespace native
{

class Pump
{
      public:
	struct Callbacks {
		/* Takes over a filled batch. False: nobody takes any more, the thread ends. */
		std::function<bool(uint32_t slot, size_t bytes)> deliver;
		/* The thread had to end; called last, on the thread. */
		std::function<void(int error, const char *what)> fail;
	};

	/* `asleep` is shared with the BPF programs. All arguments must outlive the pump. */
	Pump(Ring &ring, BatchPool &pool, volatile uint32_t *asleep, Callbacks callbacks);
	~Pump();

	/* Starts the thread. Returns 0 or -errno. Once. */
	int start();

	/* Ends the thread and joins it. The pool must be closed first, so that it does not wait there. Idempotent. */
	void stop();

	/* Records read since the start. */
	uint64_t received() const
	{
		return records.load(std::memory_order_relaxed);
	}

      private:
	void run();
	bool drain_ring(bool &found);
	bool wait_for_wakeup(int timeout_ms);
	bool arm();

	Ring &ring;
	BatchPool &pool;
	volatile uint32_t *const asleep;
	const Callbacks callbacks;
	int epoll = -1;
	int wake = -1; /* eventfd: stop() */
	std::atomic<bool> stopping{false};
	std::atomic<uint64_t> records{0};
	std::thread thread;
};

} // namespace native
