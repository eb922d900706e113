#include "stream.h"

#include <cerrno>
#include <cstring>
#include <thread>

namespace native
{
namespace
{

static_assert(sizeof(void *) == 8, "a message travels in a pointer");

void *pack(Stream::Kind kind, uint32_t slot, uint32_t bytes)
{
	return reinterpret_cast<void *>(uint64_t{kind} << 56 | uint64_t{slot} << 32 | bytes);
}

Failure ended(int error, const std::string &what)
{
	return Failure{"failed", error, what + ": " + strerror(error) + ".", ""};
}

} // namespace

Stream::Stream(std::vector<uint8_t *> memories, size_t batch_bytes) : pool(std::move(memories), batch_bytes) {}

std::optional<Failure> Stream::start(Napi::Env env, Napi::Function callback, uint32_t ring_bytes)
{
	if (auto failure = programs.load(ring_bytes))
		return failure;
	if (int error = ring.map(programs.ring(), ring_bytes))
		return ended(-error, "The ring could not be mapped");

	auto held = new std::shared_ptr<Stream>(shared_from_this());
	channel = Channel::New(
	    env, callback, "merlon", 0, 1, this,
	    [](Napi::Env, std::shared_ptr<Stream> *mine, Stream *) { delete mine; }, held);
	channel_open = true;

	Pump::Callbacks callbacks{
	    .deliver = [this](uint32_t slot, size_t bytes) { return send(kBatch, slot, bytes); },
	    .fail =
		[this](int error, const char *what) {
			pump_error = error;
			pump_said = what;
			send(kFailed, 0, 1);
		},
	};
	pump = std::make_unique<Pump>(ring, pool, programs.asleep(), std::move(callbacks));
	if (int error = pump->start())
		return ended(-error, "The ring’s thread could not be started");
	if (auto failure = programs.attach())
		return failure;
	programs.add_optional();
	return std::nullopt;
}

void Stream::stop()
{
	{
		std::lock_guard hold(gate);
		stopped = true;
	}
	pool.close();
	if (pump)
		pump->stop();
	programs.close();
	if (channel_open)
		channel.Abort();
	channel_open = false;
}

bool Stream::send(Kind kind, uint32_t slot, uint32_t bytes)
{
	return channel.NonBlockingCall(pack(kind, slot, bytes)) == napi_ok;
}

/* On the snapshot's thread. */
bool Stream::send_copied(const uint8_t *records, size_t bytes)
{
	auto batch = pool.take();
	if (!batch)
		return false;
	std::lock_guard hold(gate);
	if (stopped)
		return false;
	memcpy(batch->memory, records, bytes);
	return send(kBatch, batch->slot, bytes);
}

std::optional<Failure> Stream::snapshot()
{
	int fd = programs.open_snapshot();
	if (fd == -EOPNOTSUPP)
		return Failure{"unsupported", EOPNOTSUPP, "This kernel has no task iterator.", ""};
	if (fd < 0)
		return ended(-fd, "The task iterator could not be opened");
	std::thread([self = shared_from_this(), fd] {
		auto result = read_snapshot(
		    fd, [&](const uint8_t *records, size_t bytes) { return self->send_copied(records, bytes); });
		std::lock_guard hold(self->gate);
		if (self->stopped)
			return;
		self->snapshot_result = result;
		self->send(kSnapshotDone, 0, 1);
	}).detach();
	return std::nullopt;
}

/*
 * On JavaScript's thread. Without an environment only the message's memory would be freed, and it has none.
 * Plain Node-API calls the function: what it throws stays pending and Node reports it, and where the thread is being
 * terminated nothing is left to throw to, which node-addon-api's wrapper turns into an abort.
 */
void Stream::call(Napi::Env env, Napi::Function callback, Stream *stream, void *message)
{
	if (env == nullptr || callback.IsEmpty())
		return;
	auto packed = reinterpret_cast<uint64_t>(message);
	auto kind = static_cast<Kind>(packed >> 56);
	napi_value arguments[4] = {Napi::Number::New(env, kind), env.Undefined(), env.Undefined(), env.Undefined()};
	switch (kind) {
	case kBatch:
		arguments[1] = Napi::Number::New(env, packed >> 32 & 0xffffff);
		arguments[2] = Napi::Number::New(env, packed & 0xffffffff);
		break;
	case kSnapshotDone:
		arguments[1] = Napi::Number::New(env, stream->snapshot_result.records);
		if (int error = stream->snapshot_result.error)
			arguments[3] = to_error(env, ended(error, "The task iterator could not be read")).Value();
		break;
	case kFailed:
		arguments[3] = to_error(env, ended(stream->pump_error,
						   std::string("The ring’s thread ended, since ") + stream->pump_said))
				   .Value();
		break;
	}
	napi_call_function(env, env.Undefined(), callback, 4, arguments, nullptr);
}

} // namespace native
