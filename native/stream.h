/* What streams from the kernel into JavaScript: the programs, the ring, its thread, the snapshot, the batches. */
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>
#include <napi.h>

#include "batch.h"
#include "error.h"
#include "programs.h"
#include "pump.h"
#include "ring.h"
#include "snapshot.h"

namespace native
{

/*
 * Made by start(), ended by stop(), never used again. Shared, since a snapshot that the kernel holds up may outlive
 * stop(): it then finds `stopped` set and touches nothing.
 */
class Stream : public std::enable_shared_from_this<Stream>
{
      public:
	/* What JavaScript's one callback is called with. */
	enum Kind : uint8_t { kBatch = 1, kSnapshotDone = 2, kFailed = 3 };

	/* `memories` and `channel`'s environment must live until stop() has returned. */
	Stream(std::vector<uint8_t *> memories, size_t batch_bytes);

	std::optional<Failure> start(Napi::Env env, Napi::Function callback, uint32_t ring_bytes);
	/* Detaches, joins the ring's thread; JavaScript is not called any more. Idempotent. What is still in the ring
	 * is not read. */
	void stop();

	std::optional<Failure> snapshot();
	void release(uint32_t slot)
	{
		pool.release(slot);
	}

	Programs &bpf()
	{
		return programs;
	}
	uint64_t received() const
	{
		return pump->received();
	}
	uint64_t pending() const
	{
		return ring.pending();
	}

      private:
	static void call(Napi::Env env, Napi::Function callback, Stream *stream, void *message);
	using Channel = Napi::TypedThreadSafeFunction<Stream, void, call>;

	bool send(Kind kind, uint32_t slot, uint32_t bytes);
	bool send_copied(const uint8_t *records, size_t bytes);

	Programs programs;
	Ring ring;
	BatchPool pool;
	std::unique_ptr<Pump> pump;
	Channel channel;
	bool channel_open = false;
	std::mutex gate; /* held while the snapshot writes into a batch or speaks to JavaScript */
	bool stopped = false;
	SnapshotResult snapshot_result{0, 0};
	int pump_error = 0;
	const char *pump_said = "";
};

} // namespace native
