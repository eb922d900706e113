/* Processes that are made to be acted on: nothing that the host runs is ever touched. */
#pragma once

#include <functional>
#include <sys/types.h>

#include "bpf.h"

namespace probe
{

constexpr int kSignalled = 256; /* added to the number of the signal that ended a child */

/* Runs `body` in a child; its exit code, kSignalled + signal, or -1. */
int in_child(const std::function<int()> &body);

/* Executes this program anew, which then ends with 0 at once; the errno where it cannot. */
int exec_self();

/* A child that waits to be ended. */
class Sleeper
{
      public:
	Sleeper();
	~Sleeper();
	Sleeper(const Sleeper &) = delete;
	pid_t pid() const
	{
		return child;
	}
	/* Whether `signal` ended it within `patience_ms`. */
	bool ended_by(int signal, int patience_ms);

      private:
	pid_t child;
};

/* Holds off another probe, which would take what this one made for something left behind, while it is kept. */
Fd take_turn();

/* A cgroup of our own below the root of cgroup v2, removed with this object. */
class Cgroup
{
      public:
	explicit Cgroup(const std::string &mount);
	~Cgroup();
	Cgroup(const Cgroup &) = delete;
	/* errno of making it; 0 where it is there. */
	int error() const
	{
		return failed;
	}
	const std::string &path() const
	{
		return folder;
	}
	int fd() const
	{
		return directory.get();
	}
	/* Puts the calling process into it. */
	bool enter() const;

      private:
	std::string folder;
	Fd directory;
	bool made = false;
	int failed = 0;
};

} // namespace probe
