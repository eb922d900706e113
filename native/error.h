/* How a failure of the kernel or of libbpf reaches JavaScript: one Error with a code, an errno and the log. */
#pragma once

#include <string>
#include <napi.h>

namespace native
{

struct Failure {
	const char *code; /* one of HelperErrorCode in shared/helper.ts */
	int error;        /* errno, positive; 0 where the kernel was not asked */
	std::string message;
	std::string detail; /* the kernel's and libbpf's own words */
};

/* The Error that JavaScript gets: message, code, errno, detail. */
Napi::Error to_error(Napi::Env env, const Failure &failure);

/* Names the code for an errno that loading or attaching gave. `log` tells a verifier's refusal from a missing hook. */
const char *code_of(int error, const std::string &log);

/* Collects what libbpf logs on this thread, the verifier's log included, until it goes out of scope. */
class LogCapture
{
      public:
	LogCapture();
	~LogCapture();
	LogCapture(const LogCapture &) = delete;
	LogCapture &operator=(const LogCapture &) = delete;

	/* What was said since the start or the last take. Cut at its front: the verifier's reason stands at the end. */
	std::string take();

      private:
	std::string text;
	std::string *outer;
};

} // namespace native
