#include <napi.h>

#include "sensor.h"

static Napi::Object init(Napi::Env env, Napi::Object exports)
{
	exports.Set("Sensor", native::Sensor::define(env));
	return exports;
}

NODE_API_MODULE(sensor, init)
