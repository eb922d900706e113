/* As much of netlink(7) as Merlon needs. */
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>
#include <linux/netlink.h>

#include "fd.h"

namespace native
{

class Request
{
      public:
	Request(uint16_t type, uint16_t flags);
	void add(const void *data, size_t length); /* the family's own header */
	void attribute(uint16_t type, const void *data, size_t length);
	void attribute(uint16_t type, const std::string &text);
	size_t begin(uint16_t type); /* nested; gives where it began */
	void end(size_t where);
	std::vector<char> bytes;

      private:
	void align();
};

class Netlink
{
      public:
	explicit Netlink(int protocol);
	/* Sends, and hands over each answer's payload. 0, or errno. */
	int ask(Request request, const std::function<void(const char *payload, size_t length)> &answer = {});

      private:
	Fd socket;
};

/* The attributes of a message after its header of `skip` bytes. */
void each_attribute(const char *payload, size_t length, size_t skip,
		    const std::function<void(uint16_t type, const char *data, size_t length)> &take);

} // namespace native
