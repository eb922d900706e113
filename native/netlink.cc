#include "netlink.h"

#include <cerrno>
#include <cstring>
#include <sys/socket.h>
#include <sys/time.h>

namespace native
{
namespace
{

/* A reply that does not come must not hold anybody up. */
constexpr timeval kPatience{2, 0};

} // namespace

Request::Request(uint16_t type, uint16_t flags)
{
	nlmsghdr header{};
	header.nlmsg_type = type;
	header.nlmsg_flags = NLM_F_REQUEST | flags;
	add(&header, sizeof header);
}

void Request::align()
{
	bytes.resize(NLMSG_ALIGN(bytes.size()));
}

void Request::add(const void *data, size_t length)
{
	auto from = static_cast<const char *>(data);
	bytes.insert(bytes.end(), from, from + length);
	align();
}

void Request::attribute(uint16_t type, const void *data, size_t length)
{
	nlattr header{static_cast<uint16_t>(sizeof header + length), type};
	add(&header, sizeof header);
	add(data, length);
}

void Request::attribute(uint16_t type, const std::string &text)
{
	attribute(type, text.c_str(), text.size() + 1);
}

size_t Request::begin(uint16_t type)
{
	size_t where = bytes.size();
	nlattr header{0, static_cast<uint16_t>(type | NLA_F_NESTED)};
	add(&header, sizeof header);
	return where;
}

void Request::end(size_t where)
{
	auto length = static_cast<uint16_t>(bytes.size() - where);
	memcpy(bytes.data() + where, &length, sizeof length);
}

Netlink::Netlink(int protocol) : socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol))
{
	setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof kPatience);
}

int Netlink::ask(Request request, const std::function<void(const char *, size_t)> &answer)
{
	auto length = static_cast<uint32_t>(request.bytes.size());
	memcpy(request.bytes.data(), &length, sizeof length);
	if (send(socket.get(), request.bytes.data(), length, 0) < 0)
		return errno;
	std::vector<char> buffer(64 << 10);
	for (;;) {
		ssize_t received = recv(socket.get(), buffer.data(), buffer.size(), 0);
		if (received <= 0)
			return received < 0 ? errno : EIO;
		auto left = static_cast<uint32_t>(received);
		for (auto *each = reinterpret_cast<nlmsghdr *>(buffer.data()); NLMSG_OK(each, left);
		     each = NLMSG_NEXT(each, left)) {
			if (each->nlmsg_type == NLMSG_ERROR)
				return -static_cast<nlmsgerr *>(NLMSG_DATA(each))->error;
			if (each->nlmsg_type == NLMSG_DONE)
				return 0;
			if (answer)
				answer(static_cast<char *>(NLMSG_DATA(each)), NLMSG_PAYLOAD(each, 0));
		}
	}
}

void each_attribute(const char *payload, size_t length, size_t skip,
		    const std::function<void(uint16_t, const char *, size_t)> &take)
{
	for (size_t at = NLMSG_ALIGN(skip); at + sizeof(nlattr) <= length;) {
		nlattr header;
		memcpy(&header, payload + at, sizeof header);
		if (header.nla_len < sizeof header || at + header.nla_len > length)
			return;
		take(header.nla_type & NLA_TYPE_MASK, payload + at + sizeof header, header.nla_len - sizeof header);
		at += NLA_ALIGN(header.nla_len);
	}
}

} // namespace native
