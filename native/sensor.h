/* The Sensor class as JavaScript sees it (native/index.ts gives it meaning and types). */
#pragma once

#include <memory>
#include <vector>
#include <napi.h>

#include "stream.h"

namespace native
{

class Sensor : public Napi::ObjectWrap<Sensor>
{
      public:
	static Napi::Function define(Napi::Env env);
	explicit Sensor(const Napi::CallbackInfo &info);
	~Sensor() override;

      private:
	Napi::Value layout_hash(const Napi::CallbackInfo &info);
	Napi::Value start(const Napi::CallbackInfo &info);
	void snapshot(const Napi::CallbackInfo &info);
	void release(const Napi::CallbackInfo &info);
	Napi::Value stats(const Napi::CallbackInfo &info);
	void thin(const Napi::CallbackInfo &info);
	void set_attached(const Napi::CallbackInfo &info);
	void stop(const Napi::CallbackInfo &info);

	void end();
	static void at_teardown(void *sensor);

	std::shared_ptr<Stream> stream;
	std::vector<Napi::Reference<Napi::ArrayBuffer>> buffers; /* keep the batches' memory while threads fill it */
	Napi::Env env;
};

} // namespace native
