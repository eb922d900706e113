#include "attach.h"

#include <cerrno>
#include <cstdlib>
#include <sstream>
#include <string>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <unistd.h>

namespace native
{
namespace
{

/* The perf event that the launcher opened for this program's tracepoint (native/launcher says why), or -1. */
int handed_tracepoint(const bpf_program *program)
{
	const char *given = getenv("MERLON_TRACEPOINTS");
	std::string section = bpf_program__section_name(program);
	size_t slash = section.find('/');
	if (!given || slash == std::string::npos)
		return -1;
	std::string list = std::string(";") + given, key = ";" + section.substr(slash + 1) + "=";
	size_t at = list.find(key);
	/* A copy: the link that it goes into closes it. */
	return at == std::string::npos ? -1 : fcntl(atoi(list.c_str() + at + key.size()), F_DUPFD_CLOEXEC, 0);
}

} // namespace

bpf_link *attach_program(const bpf_program *program)
{
	int event = handed_tracepoint(program);
	if (event < 0)
		return bpf_program__attach(program);
	bpf_link *link = bpf_program__attach_perf_event(program, event);
	if (!link) {
		int error = errno;
		close(event);
		errno = error;
	}
	return link;
}

void close_tracepoints()
{
	const char *given = getenv("MERLON_TRACEPOINTS");
	std::istringstream list(given ? given : "");
	for (std::string each; std::getline(list, each, ';');)
		close(atoi(each.c_str() + each.find('=') + 1));
	unsetenv("MERLON_TRACEPOINTS");
}

} // namespace native
