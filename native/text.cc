#include "text.h"

#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <unistd.h>

namespace native
{

std::string quoted(const std::string &text)
{
	std::string out = "\"";
	for (unsigned char byte : text) {
		char code[8];
		if (byte == '"' || byte == '\\')
			(out += '\\') += static_cast<char>(byte);
		else if (byte == '\n')
			out += "\\n";
		else if (byte == '\t')
			out += "\\t";
		else if (byte >= 0x20)
			out += static_cast<char>(byte);
		else {
			snprintf(code, sizeof code, "\\u%04x", byte);
			out += code;
		}
	}
	return out + "\"";
}

std::string printable(const std::string &text)
{
	std::string out;
	for (unsigned char byte : text) {
		char code[8];
		if (byte == '\n' || byte == '\t' || (byte >= 0x20 && byte < 0x7f))
			out += static_cast<char>(byte);
		else {
			snprintf(code, sizeof code, "\\x%02x", byte);
			out += code;
		}
	}
	return out;
}

std::optional<std::string> read_text(const std::string &path)
{
	int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return std::nullopt;
	std::string text(64 << 10, '\0');
	ssize_t length = read(fd, text.data(), text.size());
	close(fd);
	if (length < 0)
		return std::nullopt;
	text.resize(length);
	while (!text.empty() && text.back() == '\n')
		text.pop_back();
	return printable(text);
}

bool write_text(const std::string &path, const std::string &text)
{
	int fd = open(path.c_str(), O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	ssize_t written = write(fd, text.data(), text.size());
	int error = errno;
	close(fd);
	errno = error;
	return written == static_cast<ssize_t>(text.size());
}

} // namespace native
