#include "error.h"

#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <vector>
#include <bpf/libbpf.h>

/* What libbpf.a calls stderr, see the Makefile. */
extern "C" {
extern FILE *merlon_stderr;
FILE *merlon_stderr = stderr;
}

namespace native
{
namespace
{

constexpr size_t kLogKept = 32 << 10;
thread_local std::string *capturing = nullptr;

int print(enum libbpf_print_level level, const char *format, va_list args)
{
	if (level == LIBBPF_DEBUG || !capturing)
		return 0;
	va_list again;
	va_copy(again, args);
	int length = vsnprintf(nullptr, 0, format, args);
	if (length > 0) {
		std::vector<char> line(length + 1);
		vsnprintf(line.data(), line.size(), format, again);
		capturing->append(line.data(), length);
		if (capturing->size() > 4 * kLogKept)
			capturing->erase(0, capturing->size() - kLogKept);
	}
	va_end(again);
	return length;
}

} // namespace

LogCapture::LogCapture() : outer(capturing)
{
	libbpf_set_print(print);
	capturing = &text;
}

LogCapture::~LogCapture()
{
	capturing = outer;
}

std::string LogCapture::take()
{
	std::string taken = text.size() > kLogKept ? text.substr(text.size() - kLogKept) : text;
	text.clear();
	return taken;
}

const char *code_of(int error, const std::string &log)
{
	/* libbpf frames the verifier's log so; an empty frame means that the verifier never got to speak. */
	size_t begin = log.find("BEGIN PROG LOAD LOG --\n");
	bool verifier_spoke = begin != std::string::npos && log.find("-- END PROG LOAD LOG", begin) - begin > 40;
	switch (error) {
	case ENOMEM:
		return "no_memory";
	case EPERM:
		return "not_permitted";
	case EACCES:
	case EINVAL:
	case E2BIG:
		return verifier_spoke ? "rejected" : "failed";
	case ENOENT:
	case ESRCH:
	case ENOSYS:
	case EOPNOTSUPP:
		return "unsupported";
	default:
		return verifier_spoke ? "rejected" : "failed";
	}
}

Napi::Error to_error(Napi::Env env, const Failure &failure)
{
	Napi::Error error = Napi::Error::New(env, failure.message);
	error.Set("code", Napi::String::New(env, failure.code));
	error.Set("errno", Napi::Number::New(env, failure.error));
	if (!failure.detail.empty())
		error.Set("detail", Napi::String::New(env, failure.detail));
	return error;
}

} // namespace native
