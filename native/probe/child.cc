#include "child.h"

#include <cerrno>
#include <csignal>
#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace probe
{
namespace
{

pid_t fork_child()
{
	pid_t parent = getpid();
	pid_t child = fork();
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(1);
	}
	return child;
}

const std::string kPrefix = "merlon-probe-";

/* What probes left that were ended from outside. A cgroup with processes in it cannot be removed. */
void remove_leftovers(const std::string &mount)
{
	DIR *entries = opendir(mount.c_str());
	for (dirent *entry; entries && (entry = readdir(entries));)
		if (std::string(entry->d_name).rfind(kPrefix, 0) == 0)
			rmdir((mount + "/" + entry->d_name).c_str());
	if (entries)
		closedir(entries);
}

} // namespace

int in_child(const std::function<int()> &body)
{
	pid_t child = fork_child();
	if (child < 0)
		return -1;
	if (child == 0)
		_exit(body());
	int status;
	if (waitpid(child, &status, 0) != child)
		return -1;
	return WIFSIGNALED(status) ? kSignalled + WTERMSIG(status) : WEXITSTATUS(status);
}

int exec_self()
{
	return in_child([] {
		char name[] = "merlon-probe", end[] = "--end";
		char *argv[] = {name, end, nullptr};
		execv("/proc/self/exe", argv);
		return errno;
	});
}

Fd take_turn()
{
	Fd file(open("/run/merlon-probe.lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
	if (file)
		flock(file.get(), LOCK_EX); /* alarm(2) ends the wait */
	return file;
}

Sleeper::Sleeper() : child(fork_child())
{
	if (child != 0)
		return;
	for (;;)
		pause();
}

Sleeper::~Sleeper()
{
	if (child <= 0)
		return;
	kill(child, SIGKILL);
	waitpid(child, nullptr, 0);
}

bool Sleeper::ended_by(int signal, int patience_ms)
{
	int status = 0;
	for (; patience_ms >= 0; patience_ms--) {
		if (child > 0 && waitpid(child, &status, WNOHANG) == child) {
			child = 0;
			return WIFSIGNALED(status) && WTERMSIG(status) == signal;
		}
		usleep(1000);
	}
	return false;
}

Cgroup::Cgroup(const std::string &mount) : folder(mount + "/" + kPrefix + std::to_string(getpid()))
{
	remove_leftovers(mount);
	made = mkdir(folder.c_str(), 0700) == 0;
	if (made)
		directory = Fd(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	failed = directory ? 0 : errno;
}

Cgroup::~Cgroup()
{
	if (!made)
		return;
	/* A process that was ended leaves its cgroup a moment later. */
	for (int tries = 0; rmdir(folder.c_str()) && errno == EBUSY && tries < 200; tries++)
		usleep(1000);
}

bool Cgroup::enter() const
{
	return write_text(folder + "/cgroup.procs", "0");
}

} // namespace probe
