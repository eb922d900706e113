// SPDX-License-Identifier: GPL-2.0 OR MIT
/* The part of arguments.bpf.h that the verifier is to walk once. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "arguments.bpf.h"

#define TURN 16 /* variables; see path.bpf.c */

/* Notes a variable that begins with LD_; false where there is no room for it. */
static __always_inline bool note(struct env_scratch *env, __u32 at)
{
	__u32 hits = env->hits;

	if (hits >= ENV_HITS)
		return false;
	env->hit[hits] = at;
	env->hits = hits + 1;
	return true;
}

/*
 * Looks at TURN variables, whose pointers begin at `list`. True where there may be more. This loop runs for each
 * variable of each exec on the machine: unrolled, it is eight instructions for one.
 */
static __always_inline bool note_some(struct env_scratch *env, __u64 start, const void *list, __u32 width)
{
	__u64 at, take = env->take;
	__u32 i;

#pragma unroll
	for (i = 0; i < TURN; i++) {
		at = (width == 8 ? ((const __u64 *)list)[i] : ((const __u32 *)list)[i]) - start;
		if (at >= take)
			goto outside;
		at &= ENV_BLOCK - 1;
		if (*(__u32 *)(env->block + at) << 8 == LD_MARK && !note(env, at))
			goto outside;
	}
	return true;
outside:
	if (at + start)
		env->cut = 1;
	else
		env->ended = 1; /* the NULL after the last one */
	return false;
}

__noinline int note_turn(__u32 slot, __u64 start, __u32 first, __u32 width)
{
	struct scratch *scratch = scratch_in(slot);
	struct env_scratch *env;

	if (!scratch || first > ENV_VARIABLES - TURN)
		return 0;
	env = &scratch->env;
	if (width == 8)
		return note_some(env, start, env->pointer + first, 8);
	return note_some(env, start, (__u32 *)env->pointer + first, 4);
}

int note_variables(__u32 slot, __u64 start, __u32 width)
{
	__u32 i;

	for (i = 0; i < ENV_VARIABLES; i += TURN)
		if (!note_turn(slot, start, i, width))
			return 0;
	return 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
