// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * What a cgroup id means: processes carry the id alone, and a short-lived container's cgroup is gone before anyone
 * could look. The tracepoint names every hierarchy's; those that existed before are found in /sys/fs/cgroup, where a
 * directory's inode number is the id.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "events.h"
#include "limit.bpf.h"
#include "output.bpf.h"
#include "path.bpf.h"

#define CGROUP_MAX (sizeof(struct merlon_cgroup) + MERLON_PATH_MAX)

union cgroup_record {
	struct merlon_cgroup cgroup;
	char bytes[CGROUP_MAX + 8];
};

MERLON_SCRATCH(cgroup_records, union cgroup_record);

SEC("tp_btf/cgroup_mkdir")
int cgroup_made(__u64 *ctx)
{
	struct cgroup *cgroup = (struct cgroup *)ctx[0];
	union cgroup_record *record = scratch_of(&cgroup_records);
	struct merlon_cgroup *made;

	if (!record || left_out(MERLON_CGROUP))
		return 0;
	made = &record->cgroup;
	__builtin_memset(made, 0, sizeof(*made));
	set_record_end(&made->header, sizeof(*made));
	made->header.time_ns = bpf_ktime_get_boot_ns();
	made->id = cgroup->kn->id;
	made->hierarchy = cgroup->root->hierarchy_id;
	write_string(&made->header, CGROUP_MAX, &made->path, MERLON_PATH_MAX, (void *)ctx[1]);
	send_record(&made->header, MERLON_CGROUP, CGROUP_MAX);
	return 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
