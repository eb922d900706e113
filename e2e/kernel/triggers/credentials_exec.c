/* SPDX-License-Identifier: MIT */
/*
 * As root: runs a setuid copy, a setgid copy and a copy with file capabilities (cap_net_raw=ep) of a program as user
 * and group 65534. The folder must not lie on a nosuid mount. Reports the pids.
 */
#include "trigger.h"
#include <grp.h>
#include <linux/capability.h>
#include <sys/stat.h>
#include <sys/xattr.h>

static char folder[PATH_MAX], path[PATH_MAX + 16];

static const char *copy(const char *name, mode_t mode)
{
	int file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0755);
	if (file < 0)
		DIE(path);
	copy_to(beside("tiny"), file);
	if (fchmod(file, mode))
		DIE("fchmod");
	close(file);
	return path;
}

static pid_t run_as_nobody(const char *program)
{
	pid_t pid = fork();

	if (pid == 0) {
		if (setgroups(0, NULL) || setresgid(65534, 65534, 65534) || setresuid(65534, 65534, 65534))
			DIE("setresuid");
		execl(program, program, "0", (char *)NULL);
		DIE(program);
	}
	if (await(pid))
		DIE("the program failed");
	unlink(program);
	return pid;
}

int main(void)
{
	struct vfs_cap_data raw = {
	    .magic_etc = VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE,
	    .data = {{.permitted = 1 << CAP_NET_RAW}},
	};
	pid_t set_user, set_group, capable;

	strcpy(folder, own_folder());
	if (chmod(folder, 0755))
		DIE(folder);
	set_user = run_as_nobody(copy("setuid", 04755));
	set_group = run_as_nobody(copy("setgid", 02755));
	copy("capable", 0755);
	if (setxattr(path, "security.capability", &raw, sizeof(raw), 0))
		DIE("setxattr");
	capable = run_as_nobody(path);
	rmdir(folder);
	printf("{\"setuid\":%d,\"setgid\":%d,\"capable\":%d,\"capability\":%d}\n", set_user, set_group, capable,
	       CAP_NET_RAW);
	return 0;
}
