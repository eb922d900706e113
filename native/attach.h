/* Attaching a program, to a tracepoint that the launcher opened where there is one. */
#pragma once

struct bpf_link;
struct bpf_program;

namespace native
{

/* Null, with errno set, where the kernel refuses it. */
bpf_link *attach_program(const bpf_program *program);

/*
 * Gives back the launcher's perf events: open, they alone keep every thread on the slow way through system calls. What
 * was attached to one has a copy of its own.
 */
void close_tracepoints();

} // namespace native
