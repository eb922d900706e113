#include "bpf.h"

#include <cerrno>
#include <cstring>
#include <regex>
#include <sys/syscall.h>
#include <unistd.h>
#include <bpf/btf.h>

namespace probe
{
namespace
{

constexpr size_t kLogBytes = 64 << 10;
constexpr size_t kLogKept = 600;

bpf_insn make(uint8_t code, uint8_t to, uint8_t from, int16_t offset, int32_t imm)
{
	return {code, static_cast<__u8>(to & 0xf), static_cast<__u8>(from & 0xf), offset, imm};
}

/* The end of what the verifier said, without the statistics that it closes with. */
std::string said(const std::string &log)
{
	static const std::regex statistics("(^|\n)(processed \\d+ insns|verification time)[^\n]*");
	std::string text = std::regex_replace(log, statistics, "");
	while (!text.empty() && text.back() == '\n')
		text.pop_back();
	bool cut = text.size() > kLogKept;
	return cut ? "…" + printable(text.substr(text.size() - kLogKept)) : printable(text);
}

/* The verifier found fault with the instructions: that says nothing of the feature. */
bool about_instructions(const std::string &log)
{
	static const std::regex words(
	    "^R\\d+ |unreachable insn|invalid (stack|mem|read|indirect|bpf_context|map)|back-edge|At program exit|"
	    "pointer arithmetic|misaligned");
	return std::regex_search(log, words);
}

} // namespace

bpf_insn mov64_imm(uint8_t to, int32_t value)
{
	return make(BPF_ALU64 | BPF_MOV | BPF_K, to, 0, 0, value);
}

bpf_insn mov64_reg(uint8_t to, uint8_t from)
{
	return make(BPF_ALU64 | BPF_MOV | BPF_X, to, from, 0, 0);
}

bpf_insn add64_imm(uint8_t to, int32_t value)
{
	return make(BPF_ALU64 | BPF_ADD | BPF_K, to, 0, 0, value);
}

bpf_insn rsh64_imm(uint8_t to, int32_t value)
{
	return make(BPF_ALU64 | BPF_RSH | BPF_K, to, 0, 0, value);
}

bpf_insn ldx_dw(uint8_t to, uint8_t base, int16_t offset)
{
	return make(BPF_LDX | BPF_DW | BPF_MEM, to, base, offset, 0);
}

bpf_insn st_dw(uint8_t base, int16_t offset, int32_t value)
{
	return make(BPF_ST | BPF_DW | BPF_MEM, base, 0, offset, value);
}

bpf_insn jeq_imm(uint8_t reg, int32_t value, int16_t jump)
{
	return make(BPF_JMP | BPF_JEQ | BPF_K, reg, 0, jump, value);
}

bpf_insn jne_imm(uint8_t reg, int32_t value, int16_t jump)
{
	return make(BPF_JMP | BPF_JNE | BPF_K, reg, 0, jump, value);
}

bpf_insn call(int32_t helper)
{
	return make(BPF_JMP | BPF_CALL, 0, 0, 0, helper);
}

bpf_insn end_program()
{
	return make(BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

Code operator+(Code first, const Code &second)
{
	first.insert(first.end(), second.begin(), second.end());
	return first;
}

Code load_map(uint8_t to, int map)
{
	return {make(BPF_LD | BPF_DW | BPF_IMM, to, BPF_PSEUDO_MAP_FD, 0, map), make(0, 0, 0, 0, 0)};
}

Counter::Counter()
{
	bpf_attr attr{};
	attr.map_type = BPF_MAP_TYPE_ARRAY;
	attr.key_size = 4;
	attr.value_size = 8;
	attr.max_entries = 1;
	map = Fd(bpf_call(BPF_MAP_CREATE, attr));
}

Code Counter::counted(int32_t value) const
{
	return {make(BPF_LD | BPF_DW | BPF_IMM, BPF_REG_1, BPF_PSEUDO_MAP_VALUE, 0, map.get()),
		make(0, 0, 0, 0, 0),
		mov64_imm(BPF_REG_2, 1),
		make(BPF_STX | BPF_DW | BPF_ATOMIC, BPF_REG_1, BPF_REG_2, 0, BPF_ADD),
		mov64_imm(BPF_REG_0, value),
		end_program()};
}

bool Counter::ran(int patience_ms) const
{
	uint32_t key = 0;
	uint64_t count = 0;
	bpf_attr attr{};
	attr.map_fd = map.get();
	attr.key = reinterpret_cast<uintptr_t>(&key);
	attr.value = reinterpret_cast<uintptr_t>(&count);
	for (;; patience_ms--) {
		if (bpf_call(BPF_MAP_LOOKUP_ELEM, attr) == 0 && count > 0)
			return true;
		if (patience_ms <= 0)
			return false;
		usleep(1000);
	}
}

int bpf_call(int command, bpf_attr &attr, size_t size)
{
	return static_cast<int>(syscall(SYS_bpf, command, &attr, size));
}

Fd load(const Program &program, Feature &why)
{
	bpf_attr attr{};
	attr.prog_type = program.type;
	attr.expected_attach_type = program.expected;
	attr.prog_flags = program.flags;
	attr.attach_btf_id = program.btf_id;
	attr.insns = reinterpret_cast<uintptr_t>(program.code.data());
	attr.insn_cnt = program.code.size();
	attr.license = reinterpret_cast<uintptr_t>("GPL");
	memcpy(attr.prog_name, "merlon_probe", 12);
	Fd fd(bpf_call(BPF_PROG_LOAD, attr));
	why = works();
	if (fd)
		return fd;
	int error = errno;
	std::string log(kLogBytes, '\0');
	attr.log_level = 1;
	attr.log_size = log.size();
	attr.log_buf = reinterpret_cast<uintptr_t>(log.data());
	Fd again(bpf_call(BPF_PROG_LOAD, attr));
	if (again)
		return again; /* EAGAIN, or memory that was short for a moment */
	log.resize(strnlen(log.data(), log.size()));
	log = said(log);
	if ((error == EACCES || error == EINVAL) && about_instructions(log))
		why = untried("The verifier refused the probe itself, which says nothing of the feature: " + log);
	else
		why = refused("load", error, log);
	return Fd();
}

int attach_tracing(int program)
{
	bpf_attr attr{};
	attr.raw_tracepoint.prog_fd = program;
	return bpf_call(BPF_RAW_TRACEPOINT_OPEN, attr);
}

int create_link(int program, int target, uint32_t type, uint32_t flags)
{
	bpf_attr attr{};
	attr.link_create.prog_fd = program;
	attr.link_create.target_fd = target; /* or target_ifindex, which shares its place */
	attr.link_create.attach_type = type;
	attr.link_create.flags = flags;
	return bpf_call(BPF_LINK_CREATE, attr);
}

btf *kernel_types()
{
	static btf *types = btf__load_vmlinux_btf();
	return types;
}

uint32_t type_id(const std::string &name, uint32_t kind)
{
	int id = kernel_types() ? btf__find_by_name_kind(kernel_types(), name.c_str(), kind) : -1;
	return id < 0 ? 0 : id;
}

int member_offset(uint32_t type, const std::string &member)
{
	const btf *types = kernel_types();
	int id = btf__resolve_type(types, type);
	const btf_type *shape = id < 0 ? nullptr : btf__type_by_id(types, id);
	if (!shape || !btf_is_composite(shape))
		return -1;
	for (uint32_t i = 0; i < btf_vlen(shape); i++) {
		const btf_member &each = btf_members(shape)[i];
		std::string name = btf__name_by_offset(types, each.name_off);
		int offset = static_cast<int>(btf_member_bit_offset(shape, i) / 8);
		if (name == member)
			return offset;
		int inside = name.empty() ? member_offset(each.type, member) : -1;
		if (inside >= 0)
			return offset + inside;
	}
	return -1;
}

} // namespace probe
