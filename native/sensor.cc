#include "sensor.h"

#include <cerrno>
#include <cstring>

namespace native
{
namespace
{

Napi::Array to_array(Napi::Env env, const std::vector<std::string> &from)
{
	Napi::Array to = Napi::Array::New(env, from.size());
	for (uint32_t i = 0; i < from.size(); i++)
		to.Set(i, Napi::String::New(env, from[i]));
	return to;
}

Napi::Object start_reply(Napi::Env env, const Programs &programs)
{
	const auto &refused = programs.refused();
	Napi::Array refusals = Napi::Array::New(env, refused.size());
	for (uint32_t i = 0; i < refused.size(); i++) {
		Napi::Object each = Napi::Object::New(env);
		each.Set("name", Napi::String::New(env, refused[i].name));
		each.Set("reason", Napi::String::New(env, refused[i].reason));
		refusals.Set(i, each);
	}
	Napi::Object reply = Napi::Object::New(env);
	reply.Set("attached", to_array(env, programs.attached()));
	reply.Set("refused", refusals);
	return reply;
}

Napi::Array lost_to_js(Napi::Env env, const std::vector<std::vector<uint64_t>> &lost)
{
	Napi::Array types = Napi::Array::New(env, lost.size());
	for (uint32_t type = 0; type < lost.size(); type++) {
		Napi::Array cpus = Napi::Array::New(env, lost[type].size());
		for (uint32_t cpu = 0; cpu < lost[type].size(); cpu++)
			cpus.Set(cpu, Napi::Number::New(env, lost[type][cpu]));
		types.Set(type, cpus);
	}
	return types;
}

Napi::Array numbers_to_js(Napi::Env env, const std::vector<uint64_t> &numbers)
{
	Napi::Array all = Napi::Array::New(env, numbers.size());
	for (uint32_t i = 0; i < numbers.size(); i++)
		all.Set(i, Napi::Number::New(env, numbers[i]));
	return all;
}

Napi::Array counters_to_js(Napi::Env env, const std::vector<Programs::Counters> &counters)
{
	Napi::Array all = Napi::Array::New(env, counters.size());
	for (uint32_t i = 0; i < counters.size(); i++) {
		Napi::Object each = Napi::Object::New(env);
		each.Set("name", Napi::String::New(env, counters[i].name));
		each.Set("runs", Napi::Number::New(env, counters[i].runs));
		each.Set("run_ns", Napi::Number::New(env, counters[i].run_ns));
		each.Set("missed", Napi::Number::New(env, counters[i].missed));
		all.Set(i, each);
	}
	return all;
}

Napi::Object tasks_to_js(Napi::Env env, const Tasks &tasks)
{
	Napi::Object all = Napi::Object::New(env);
	all.Set("kernel_before", Napi::Number::New(env, tasks.kernel_before));
	all.Set("kernel_after", Napi::Number::New(env, tasks.kernel_after));
	all.Set("made", Napi::Number::New(env, tasks.made));
	all.Set("processes", Napi::Number::New(env, tasks.processes));
	all.Set("told", Napi::Number::New(env, tasks.told));
	return all;
}

void throw_failure(Napi::Env env, const Failure &failure)
{
	to_error(env, failure).ThrowAsJavaScriptException();
}

const Failure kNotStarted{"not_started", 0, "The sensor is not started.", ""};

} // namespace

Napi::Function Sensor::define(Napi::Env env)
{
	return DefineClass(env, "Sensor",
			   {
			       InstanceMethod<&Sensor::layout_hash>("layoutHash"),
			       InstanceMethod<&Sensor::start>("start"),
			       InstanceMethod<&Sensor::snapshot>("snapshot"),
			       InstanceMethod<&Sensor::release>("release"),
			       InstanceMethod<&Sensor::stats>("stats"),
			       InstanceMethod<&Sensor::thin>("thin"),
			       InstanceMethod<&Sensor::set_attached>("setAttached"),
			       InstanceMethod<&Sensor::stop>("stop"),
			   });
}

Sensor::Sensor(const Napi::CallbackInfo &info) : Napi::ObjectWrap<Sensor>(info), env(info.Env()) {}

Sensor::~Sensor()
{
	end();
}

void Sensor::at_teardown(void *sensor)
{
	static_cast<Sensor *>(sensor)->end();
}

void Sensor::end()
{
	if (!stream)
		return;
	napi_remove_env_cleanup_hook(env, at_teardown, this);
	stream->stop();
	stream.reset();
	buffers.clear();
}

Napi::Value Sensor::layout_hash(const Napi::CallbackInfo &)
{
	return Napi::String::New(env, Programs::layout_hash());
}

/* start(ringBytes, buffers, callback): native/index.ts has checked them. */
Napi::Value Sensor::start(const Napi::CallbackInfo &info)
{
	if (stream) {
		throw_failure(env, {"already_started", 0, "The sensor is already started.", ""});
		return env.Undefined();
	}
	Napi::Array lent = info[1].As<Napi::Array>();
	std::vector<uint8_t *> memories;
	size_t batch_bytes = 0;
	for (uint32_t i = 0; i < lent.Length(); i++) {
		auto buffer = lent.Get(i).As<Napi::ArrayBuffer>();
		memories.push_back(static_cast<uint8_t *>(buffer.Data()));
		batch_bytes = buffer.ByteLength();
		buffers.push_back(Napi::Persistent(buffer));
	}
	stream = std::make_shared<Stream>(std::move(memories), batch_bytes);
	auto failure = stream->start(env, info[2].As<Napi::Function>(), info[0].As<Napi::Number>().Uint32Value());
	/* After the channel was made, so that teardown comes here first. */
	napi_add_env_cleanup_hook(env, at_teardown, this);
	if (failure) {
		end();
		throw_failure(env, *failure);
		return env.Undefined();
	}
	return start_reply(env, stream->bpf());
}

void Sensor::snapshot(const Napi::CallbackInfo &)
{
	if (!stream)
		return throw_failure(env, kNotStarted);
	if (auto failure = stream->snapshot())
		throw_failure(env, *failure);
}

void Sensor::release(const Napi::CallbackInfo &info)
{
	if (stream)
		stream->release(info[0].As<Napi::Number>().Uint32Value());
}

Napi::Value Sensor::stats(const Napi::CallbackInfo &)
{
	std::vector<std::vector<uint64_t>> lost;
	std::vector<Programs::Counters> counters;
	std::vector<uint64_t> left_out;
	if (!stream) {
		throw_failure(env, kNotStarted);
		return env.Undefined();
	}
	auto tasks = stream->bpf().tasks();
	if (!tasks || !stream->bpf().lost(lost) || !stream->bpf().counters(counters) ||
	    !stream->bpf().left_out(left_out)) {
		int error = errno;
		throw_failure(env, {"failed", error,
				    std::string("The counters could not be read: ") + strerror(error) + ".", ""});
		return env.Undefined();
	}
	Napi::Object stats = Napi::Object::New(env);
	stats.Set("programs", counters_to_js(env, counters));
	stats.Set("tasks", tasks_to_js(env, *tasks));
	stats.Set("lost", lost_to_js(env, lost));
	stats.Set("left_out", numbers_to_js(env, left_out));
	stats.Set("received", Napi::Number::New(env, stream->received()));
	stats.Set("pending", Napi::Number::New(env, stream->pending()));
	return stats;
}

/* thin(types, mostPerSecond) */
void Sensor::thin(const Napi::CallbackInfo &info)
{
	std::vector<uint32_t> types;
	Napi::Array given = info[0].As<Napi::Array>();
	for (uint32_t i = 0; i < given.Length(); i++)
		types.push_back(given.Get(i).As<Napi::Number>().Uint32Value());
	if (!stream)
		return throw_failure(env, kNotStarted);
	stream->bpf().thin(types, info[1].As<Napi::Number>().Uint32Value());
}

/* setAttached(names, on) */
void Sensor::set_attached(const Napi::CallbackInfo &info)
{
	std::vector<std::string> names;
	Napi::Array given = info[0].As<Napi::Array>();
	for (uint32_t i = 0; i < given.Length(); i++)
		names.push_back(given.Get(i).As<Napi::String>());
	if (!stream)
		return throw_failure(env, kNotStarted);
	if (!stream->bpf().set_attached(names, info[1].As<Napi::Boolean>())) {
		int error = errno;
		throw_failure(env, {"failed", error,
				    std::string("The kernel did not attach it again: ") + strerror(error) + ".", ""});
	}
}

void Sensor::stop(const Napi::CallbackInfo &)
{
	end();
}

} // namespace native
