/* Who is at the other end of a Unix socket: SO_PEERCRED (unix(7)), as the kernel noted it when the peer connected. */
#include <cerrno>
#include <cstring>
#include <napi.h>
#include <sys/socket.h>

static Napi::Value peer(const Napi::CallbackInfo &info)
{
	Napi::Env env = info.Env();
	if (!info[0].IsNumber()) {
		Napi::TypeError::New(env, "peer takes a file descriptor").ThrowAsJavaScriptException();
		return env.Undefined();
	}
	ucred credentials{};
	socklen_t length = sizeof credentials;
	if (getsockopt(info[0].As<Napi::Number>().Int32Value(), SOL_SOCKET, SO_PEERCRED, &credentials, &length)) {
		int error = errno;
		Napi::Error failure = Napi::Error::New(env, std::string("SO_PEERCRED: ") + strerror(error));
		failure.Set("errno", Napi::Number::New(env, error));
		failure.ThrowAsJavaScriptException();
		return env.Undefined();
	}
	Napi::Object result = Napi::Object::New(env);
	result.Set("pid", Napi::Number::New(env, credentials.pid));
	result.Set("uid", Napi::Number::New(env, credentials.uid));
	result.Set("gid", Napi::Number::New(env, credentials.gid));
	return result;
}

static Napi::Object init(Napi::Env env, Napi::Object exports)
{
	exports.Set("peer", Napi::Function::New(env, peer, "peer"));
	return exports;
}

NODE_API_MODULE(peer, init)
