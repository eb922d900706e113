#include "kernel.h"

#include <cerrno>
#include <cstring>
#include <ctime>
#include <map>
#include <memory>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <bpf/btf.h>

namespace inventory
{
namespace
{

long bpf_call(int command, bpf_attr &attr)
{
	return syscall(SYS_bpf, command, &attr, sizeof attr);
}

Fd open_id(int command, uint32_t id)
{
	bpf_attr attr{};
	attr.prog_id = id; /* map_id, link_id and btf_id are at the same place */
	return Fd(static_cast<int>(bpf_call(command, attr)));
}

struct FreeTypes {
	void operator()(btf *types) const
	{
		btf__free(types);
	}
};
using Types = std::unique_ptr<btf, FreeTypes>;

/* They change with a reboot alone. */
btf *kernel_types()
{
	static const Types kernel(btf__load_vmlinux_btf());
	return kernel.get();
}

/* Read once, as a module's id is not used again. */
btf *types_of(uint32_t object)
{
	btf *kernel = kernel_types();
	static std::map<uint32_t, Types> modules;
	if (!kernel)
		return nullptr;
	auto known = modules.find(object);
	if (known != modules.end())
		return known->second ? known->second.get() : kernel;
	Fd fd = open_id(BPF_BTF_GET_FD_BY_ID, object);
	char name[64] = "";
	bpf_btf_info info{};
	info.name = reinterpret_cast<uintptr_t>(name);
	info.name_len = sizeof name;
	if (!fd || !info_of(fd, &info, sizeof info))
		return nullptr;
	bool module = info.kernel_btf && strcmp(name, "vmlinux") != 0;
	Types types(module ? btf__load_from_kernel_by_id_split(object, kernel) : nullptr);
	if (module && !types)
		return nullptr;
	auto &kept = modules[object];
	kept = std::move(types);
	return kept ? kept.get() : kernel;
}

} // namespace

int each_object(int next_command, int open_command, const std::function<bool(const Fd &)> &take)
{
	for (uint32_t id = 0;;) {
		bpf_attr attr{};
		attr.start_id = id;
		if (bpf_call(next_command, attr))
			return errno == ENOENT ? 0 : errno;
		id = attr.next_id;
		Fd object = open_id(open_command, id);
		if (!object && errno != ENOENT)
			return errno;
		if (object && !take(object))
			return 0;
	}
}

Fd program_by_id(uint32_t id)
{
	return open_id(BPF_PROG_GET_FD_BY_ID, id);
}

bool info_of(const Fd &object, void *info, uint32_t length)
{
	bpf_attr attr{};
	attr.info.bpf_fd = object.get();
	attr.info.info_len = length;
	attr.info.info = reinterpret_cast<uintptr_t>(info);
	return bpf_call(BPF_OBJ_GET_INFO_BY_FD, attr) == 0;
}

FdInfo::FdInfo(const std::string &process, int fd)
{
	std::string path = "/proc/" + process + "/fdinfo/" + std::to_string(fd);
	Fd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
	char bytes[4096];
	ssize_t length = file ? read(file.get(), bytes, sizeof bytes) : -1;
	if (length > 0)
		text.assign("\n").append(bytes, length);
}

bool FdInfo::has(const char *name) const
{
	return text.find("\n" + std::string(name) + ":") != std::string::npos;
}

uint64_t FdInfo::number(const char *name) const
{
	std::string key = "\n" + std::string(name) + ":";
	size_t at = text.find(key);
	return at == std::string::npos ? 0 : strtoull(text.c_str() + at + key.size(), nullptr, 10);
}

void read_types()
{
	kernel_types();
}

std::string type_name(uint32_t btf_object, uint32_t type)
{
	btf *types = type ? types_of(btf_object) : nullptr;
	const btf_type *found = types ? btf__type_by_id(types, type) : nullptr;
	const char *name = found ? btf__name_by_offset(types, found->name_off) : nullptr;
	return name ? name : "";
}

uint64_t boot_ns()
{
	timespec now{};
	clock_gettime(CLOCK_BOOTTIME, &now);
	return static_cast<uint64_t>(now.tv_sec) * 1000000000 + now.tv_nsec;
}

} // namespace inventory
