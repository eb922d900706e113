/* A descriptor that closes itself. */
#pragma once

#include <cerrno>
#include <utility>
#include <unistd.h>

namespace native
{

class Fd
{
      public:
	explicit Fd(int fd = -1) : fd(fd) {}
	Fd(Fd &&other) noexcept : fd(other.fd)
	{
		other.fd = -1;
	}
	Fd &operator=(Fd &&other) noexcept
	{
		std::swap(fd, other.fd);
		return *this;
	}
	Fd(const Fd &) = delete;
	~Fd()
	{
		if (fd < 0)
			return;
		int error = errno;
		close(fd);
		errno = error;
	}
	int get() const
	{
		return fd;
	}
	explicit operator bool() const
	{
		return fd >= 0;
	}

      private:
	int fd;
};

} // namespace native
