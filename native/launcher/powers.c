#define _GNU_SOURCE
#include "powers.h"

#include <errno.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "say.h"

static void set_capabilities(unsigned long long permitted, unsigned long long inheritable)
{
	struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct data[2];
	for (int i = 0; i < 2; i++) {
		data[i].permitted = data[i].effective = (__u32)(permitted >> (32 * i));
		data[i].inheritable = (__u32)(inheritable >> (32 * i));
	}
	if (syscall(SYS_capset, &header, data))
		refuse(BROKEN, "capset: %s.", strerror(errno));
}

/*
 * Without SECBIT_NOROOT uid 0 would get everything back at the exec that the bounding set allows; with it, only ambient
 * capabilities live on.
 */
bool keep_powers(const int *kept, size_t count)
{
	unsigned long long keep = 0;
	for (size_t i = 0; i < count; i++)
		keep |= 1ULL << kept[i];
	struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct now[2];
	if (syscall(SYS_capget, &header, now))
		refuse(BROKEN, "capget: %s.", strerror(errno));
	unsigned long long had = now[0].permitted | (unsigned long long)now[1].permitted << 32;
	if ((had & keep) != keep)
		return false;

	set_capabilities(had, keep);
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	for (size_t i = 0; i < count; i++)
		if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, kept[i], 0, 0))
			refuse(BROKEN, "PR_CAP_AMBIENT_RAISE %d: %s.", kept[i], strerror(errno));
	for (int each = 0; prctl(PR_CAPBSET_READ, each, 0, 0, 0) >= 0; each++)
		if (!(keep >> each & 1) && prctl(PR_CAPBSET_DROP, each, 0, 0, 0))
			refuse(BROKEN, "PR_CAPBSET_DROP %d: %s.", each, strerror(errno));
	if (prctl(PR_SET_SECUREBITS,
		  SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP | SECBIT_NO_SETUID_FIXUP_LOCKED |
		      SECBIT_KEEP_CAPS_LOCKED | SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED,
		  0, 0, 0))
		refuse(BROKEN, "PR_SET_SECUREBITS: %s.", strerror(errno));
	set_capabilities(keep, keep);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		refuse(BROKEN, "PR_SET_NO_NEW_PRIVS: %s.", strerror(errno));
	return true;
}
