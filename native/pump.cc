#include "pump.h"

#include <cerrno>
#include <ctime>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace native
{
namespace
{

constexpr int kPollMs = 5;
constexpr int kQuietMs = 100;
/*
 * A producer may read `asleep` as 0, be held up (by the hypervisor, say), and commit after the last look. The first
 * sleep is therefore short, and closes that window; the later ones only bound what a bug would cost.
 */
constexpr int kFirstSleepMs = 20;
constexpr int kSleepMs = 60'000;

int64_t now_ms()
{
	timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return int64_t{t.tv_sec} * 1000 + t.tv_nsec / 1'000'000;
}

} // namespace

Pump::Pump(Ring &from, BatchPool &into, volatile uint32_t *flag, Callbacks to)
    : ring(from), pool(into), asleep(flag), callbacks(std::move(to))
{
}

Pump::~Pump()
{
	stop();
	if (epoll >= 0)
		close(epoll);
	if (wake >= 0)
		close(wake);
}

int Pump::start()
{
	epoll = epoll_create1(EPOLL_CLOEXEC);
	wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (epoll < 0 || wake < 0)
		return -errno;
	epoll_event on_wake{.events = EPOLLIN, .data = {.fd = wake}};
	/* Edge-triggered: unread data alone does not wake, a producer's forced wake-up does. */
	epoll_event on_ring{.events = EPOLLIN | EPOLLET, .data = {.fd = ring.descriptor()}};
	if (epoll_ctl(epoll, EPOLL_CTL_ADD, wake, &on_wake) ||
	    epoll_ctl(epoll, EPOLL_CTL_ADD, ring.descriptor(), &on_ring))
		return -errno;
	thread = std::thread([this] { run(); });
	pthread_setname_np(thread.native_handle(), "merlon-ring");
	return 0;
}

void Pump::stop()
{
	stopping = true;
	if (!thread.joinable())
		return;
	uint64_t one = 1;
	[[maybe_unused]] ssize_t written = write(wake, &one, sizeof one);
	thread.join();
}

/* Empties the ring into batches. False: the thread is to end. */
bool Pump::drain_ring(bool &found)
{
	while (ring.pending() > 0 && !stopping) {
		auto batch = pool.take();
		if (!batch)
			return false;
		Ring::Drained got = ring.drain(batch->memory, pool.batch_bytes());
		if (got.bytes == 0) {
			pool.release(batch->slot);
			if (got.needed > 0) {
				callbacks.fail(EMSGSIZE, "a record in the ring is longer than a batch");
				return false;
			}
			return true; /* a producer is still writing the first record */
		}
		found = true;
		records.fetch_add(got.records, std::memory_order_relaxed);
		if (!callbacks.deliver(batch->slot, got.bytes))
			return false;
		if (got.needed == 0)
			break; /* what comes now makes the next batch: one each few milliseconds, not one each record */
	}
	return !stopping;
}

/* Asks the next producer for a wake-up. False where records came in meanwhile. */
bool Pump::arm()
{
	__atomic_store_n(asleep, 1, __ATOMIC_SEQ_CST);
	/* Modifying looks at the ring once more, and reports data that no wake-up announced. */
	epoll_event on_ring{.events = EPOLLIN | EPOLLET, .data = {.fd = ring.descriptor()}};
	epoll_ctl(epoll, EPOLL_CTL_MOD, ring.descriptor(), &on_ring);
	return ring.pending() == 0;
}

/* True when something happened before the timeout. */
bool Pump::wait_for_wakeup(int timeout_ms)
{
	epoll_event events[2];
	int count = epoll_wait(epoll, events, 2, timeout_ms);
	return count != 0;
}

void Pump::run()
{
	int64_t last_found = now_ms();
	bool armed = false;
	int sleep_ms = kFirstSleepMs;
	for (;;) {
		bool found = false;
		if (!drain_ring(found))
			return;
		if (found) {
			last_found = now_ms();
			armed = false;
			sleep_ms = kFirstSleepMs;
			__atomic_store_n(asleep, 0, __ATOMIC_RELAXED);
		}
		if (armed) {
			bool woken = wait_for_wakeup(sleep_ms);
			if (woken) {
				armed = false; /* the producer has cleared `asleep` */
				last_found = now_ms();
			} else {
				sleep_ms = kSleepMs;
			}
			continue;
		}
		if (now_ms() - last_found >= kQuietMs) {
			armed = arm();
			if (armed)
				continue;
		}
		wait_for_wakeup(kPollMs);
	}
}

} // namespace native
