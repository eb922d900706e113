/* Minimal BPF programs, assembled here: nothing but the feature that is tried can fail in them. */
#pragma once

#include <cstdint>
#include <string>
#include <vector>
#include <linux/bpf.h>

#include "../fd.h"
#include "report.h"

struct btf;

namespace probe
{

using native::Fd;
using Code = std::vector<bpf_insn>;

/* Instructions, by their names in the kernel's filter.h. */
bpf_insn mov64_imm(uint8_t to, int32_t value);
bpf_insn mov64_reg(uint8_t to, uint8_t from);
bpf_insn add64_imm(uint8_t to, int32_t value);
bpf_insn rsh64_imm(uint8_t to, int32_t value);
bpf_insn ldx_dw(uint8_t to, uint8_t base, int16_t offset);
bpf_insn st_dw(uint8_t base, int16_t offset, int32_t value);
bpf_insn jeq_imm(uint8_t reg, int32_t value, int16_t jump);
bpf_insn jne_imm(uint8_t reg, int32_t value, int16_t jump);
bpf_insn call(int32_t helper);
bpf_insn end_program();
Code operator+(Code first, const Code &second);
Code load_map(uint8_t to, int map);

/* A map of one number, to which each run of a program adds one. */
class Counter
{
      public:
	Counter();
	/* Counts, then returns `value`. Uses r1 and r2. */
	Code counted(int32_t value) const;
	/* Whether it ran; looks again for `patience_ms` where it did not yet. */
	bool ran(int patience_ms = 0) const;

      private:
	Fd map;
};

struct Program {
	uint32_t type = 0;
	uint32_t expected = 0; /* enum bpf_attach_type */
	uint32_t flags = 0;
	uint32_t btf_id = 0;
	Code code;
};

/* Loads it; in `why` what came of that. A refusal of the probe itself, not of the feature, is `untried`. */
Fd load(const Program &program, Feature &why);

/* bpf(2), -1 with errno set. */
int bpf_call(int command, bpf_attr &attr, size_t size = sizeof(bpf_attr));

int attach_tracing(int program);
int create_link(int program, int target, uint32_t type, uint32_t flags = 0);

/* The kernel's types: null where there are none. Read once. */
btf *kernel_types();
/* 0 where there is no such type. */
uint32_t type_id(const std::string &name, uint32_t kind);
/* Bytes from the start of a struct to a member, also through unnamed ones; -1 where there is none. */
int member_offset(uint32_t type, const std::string &member);

/* Each tries what its name says and adds what came of it. */
void try_types(Report &report);
void try_tracing(Report &report);
void try_security_hooks(Report &report);
void try_iterators(Report &report);
void try_maps(Report &report);
void try_helpers(Report &report);
void try_housekeeping(Report &report);

} // namespace probe
