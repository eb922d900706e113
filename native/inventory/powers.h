/* What a program can do to others, by the kernel's helpers that it calls. */
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "kernel.h"

namespace inventory
{

/* What there is to know of the kernel's helpers, once: some 200,000 lines of /proc/kallsyms. */
void read_helpers();

/* Names of shared/bpf.ts; nothing where the kernel does not show the instructions, or where they go. */
std::optional<std::vector<std::string>> powers_of(const Fd &program, uint32_t translated_bytes);

} // namespace inventory
