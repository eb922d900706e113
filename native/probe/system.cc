#include "system.h"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <linux/openat2.h>
#include <poll.h>
#include <sys/fanotify.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace probe
{
namespace
{

const char *const kNoScratch = "No private folder could be mounted to try it in.";
/* How long a child may take until its question arrives. */
constexpr int kPatienceMs = 500;

/* The child's errno becomes its exit code, 0 where it succeeds. */
int open_it(const std::string &file)
{
	return open(file.c_str(), O_RDONLY | O_CLOEXEC) < 0 ? errno : 0;
}

int execute_it(const std::string &file)
{
	char name[] = "denied";
	char *argv[] = {name, nullptr};
	execv(file.c_str(), argv);
	return errno;
}

/* Answers one question with no. errno where none came. */
int deny_one(int group)
{
	pollfd waiting{group, POLLIN, 0};
	if (poll(&waiting, 1, kPatienceMs) != 1)
		return ETIMEDOUT;
	fanotify_event_metadata event;
	if (read(group, &event, sizeof event) != sizeof event)
		return errno ? errno : EIO;
	fanotify_response answer{event.fd, FAN_DENY};
	int error = write(group, &answer, sizeof answer) == sizeof answer ? 0 : errno;
	close(event.fd);
	return error;
}

/* Denies `act` on a file of our own, and sees it denied. */
Feature try_permission(const std::string &file, uint64_t mask, int (*act)(const std::string &))
{
	Fd group(fanotify_init(FAN_CLASS_CONTENT | FAN_CLOEXEC, O_RDONLY | O_LARGEFILE));
	if (!group)
		return refused("create", errno);
	if (fanotify_mark(group.get(), FAN_MARK_ADD, mask, AT_FDCWD, file.c_str()))
		return refused("mark", errno);
	int answered = 0;
	pid_t child = fork();
	if (child == 0)
		_exit(act(file));
	answered = deny_one(group.get());
	group = Fd(); /* whoever still waits is let through */
	int status = 0;
	waitpid(child, &status, 0);
	if (answered)
		return refused("run", answered);
	return WIFEXITED(status) && WEXITSTATUS(status) == EPERM
		   ? works()
		   : refused("run", 0, "The answer was no, and the kernel let it through.");
}

bool make_program(const std::string &file)
{
	Fd fd(open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0700));
	return fd && write(fd.get(), "#!/bin/true\n", 12) == 12;
}

int open_pidfd(pid_t pid)
{
	return static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
}

Feature try_pidfd_signal(Sleeper &sleeper)
{
	Fd handle(open_pidfd(sleeper.pid()));
	if (!handle)
		return refused("open", errno);
	if (syscall(SYS_pidfd_send_signal, handle.get(), SIGKILL, nullptr, 0))
		return refused("send", errno);
	return sleeper.ended_by(SIGKILL, kPatienceMs) ? works() : refused("run", 0, "It was not ended.");
}

bool says(const std::string &file, const char *words, int patience_ms)
{
	for (; patience_ms >= 0; patience_ms--) {
		auto text = read_text(file);
		if (text && text->find(words) != std::string::npos)
			return true;
		usleep(1000);
	}
	return false;
}

bool move_into(const Cgroup &group, pid_t pid)
{
	return write_text(group.path() + "/cgroup.procs", std::to_string(pid));
}

Feature try_freezer(const Cgroup &group)
{
	Sleeper sleeper;
	if (!move_into(group, sleeper.pid()))
		return refused("move", errno);
	if (!write_text(group.path() + "/cgroup.freeze", "1"))
		return refused("write", errno);
	bool frozen = says(group.path() + "/cgroup.events", "frozen 1", kPatienceMs);
	write_text(group.path() + "/cgroup.freeze", "0");
	bool thawed = says(group.path() + "/cgroup.events", "frozen 0", kPatienceMs);
	return frozen && thawed ? works() : refused("run", 0, "It did not freeze and thaw.");
}

Feature try_cgroup_kill(const Cgroup &group)
{
	Sleeper sleeper;
	if (!move_into(group, sleeper.pid()))
		return refused("move", errno);
	if (!write_text(group.path() + "/cgroup.kill", "1"))
		return refused("write", errno);
	return sleeper.ended_by(SIGKILL, kPatienceMs) ? works() : refused("run", 0, "It was not ended.");
}

} // namespace

void try_pins(Report &report, const Places &places)
{
	if (places.bpffs.empty()) {
		report.add("bpf.pin", untried("No BPF file system could be mounted."));
		return;
	}
	bpf_attr create{};
	create.map_type = BPF_MAP_TYPE_ARRAY;
	create.key_size = create.value_size = 4;
	create.max_entries = 1;
	Fd map(bpf_call(BPF_MAP_CREATE, create));
	std::string path = places.bpffs + "/merlon-probe";
	bpf_attr pin{};
	pin.pathname = reinterpret_cast<uintptr_t>(path.c_str());
	pin.bpf_fd = map.get();
	bool pinned = bpf_call(BPF_OBJ_PIN, pin) == 0;
	report.add("bpf.pin", pinned ? works() : refused("pin", errno));
	if (pinned)
		unlink(path.c_str());
}

/*
 * A signature that is none: kernels from 6.18 on refuse it for what it is, earlier ones do not know the field (E2BIG,
 * bpf_check_uarg_tail_zero in kernel/bpf/syscall.c). Offsets of union bpf_attr in Linux 6.18.
 */
void try_signing(Report &report)
{
	constexpr size_t kSignature = 152, kSignatureSize = 160, kSize = 168;
	Code code{mov64_imm(0, 0), end_program()};
	char nonsense[16] = "merlon", *signature = nonsense;
	unsigned char attr[kSize]{};
	auto *known = reinterpret_cast<bpf_attr *>(attr);
	known->prog_type = BPF_PROG_TYPE_SOCKET_FILTER;
	known->insns = reinterpret_cast<uintptr_t>(code.data());
	known->insn_cnt = code.size();
	known->license = reinterpret_cast<uintptr_t>("GPL");
	uint32_t size = sizeof nonsense;
	memcpy(attr + kSignature, &signature, sizeof signature);
	memcpy(attr + kSignatureSize, &size, sizeof size);
	Fd program(bpf_call(BPF_PROG_LOAD, *known, kSize));
	if (program)
		report.add("bpf.signing", refused("load", 0, "The kernel took a signature that is none."));
	else if (errno == E2BIG)
		report.add("bpf.signing", refused("load", errno, "This kernel knows no signed programs (Linux 6.18)."));
	else if (errno == EOPNOTSUPP)
		report.add("bpf.signing",
			   refused("load", errno, "This kernel is built without the means to check signatures."));
	else if (errno == EBADMSG || errno == EKEYREJECTED || errno == ENOKEY)
		report.add("bpf.signing", works());
	else
		report.add("bpf.signing",
			   untried(std::string("The kernel said something else of a signature that is none: ") +
				   strerror(errno)));
}

void try_fanotify(Report &report, const Places &places)
{
	std::string file = places.scratch + "/program";
	bool made = !places.scratch.empty() && make_program(file);
	report.add("fanotify.open_exec_perm",
		   made ? try_permission(file, FAN_OPEN_EXEC_PERM, execute_it) : untried(kNoScratch));
	report.add("fanotify.open_perm", made ? try_permission(file, FAN_OPEN_PERM, open_it) : untried(kNoScratch));
	if (made)
		unlink(file.c_str());
}

void try_processes(Report &report, const Places &places)
{
	{
		Sleeper sleeper;
		Fd handle(open_pidfd(sleeper.pid()));
		report.add("pidfd.open", handle ? works() : refused("open", errno));
		report.add("pidfd.signal", try_pidfd_signal(sleeper));
	}
	if (places.cgroup2.empty()) {
		for (const char *id : {"cgroup.freezer", "cgroup.kill"})
			report.add(id, refused("mount", ENODEV, "There is no cgroup v2 here."));
		return;
	}
	Cgroup group(places.cgroup2);
	report.add("cgroup.freezer", group.error() ? refused("create", group.error()) : try_freezer(group));
	report.add("cgroup.kill", group.error() ? refused("create", group.error()) : try_cgroup_kill(group));
}

/* A path that would lead out of its folder has to be refused. */
void try_paths(Report &report)
{
	Fd folder(open("/proc/self", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	open_how how{};
	how.flags = O_RDONLY | O_CLOEXEC;
	how.resolve = RESOLVE_BENEATH;
	Fd astray(static_cast<int>(syscall(SYS_openat2, folder.get(), "../version", &how, sizeof how)));
	if (astray)
		report.add("openat2.resolve", refused("run", 0, "It left its folder."));
	else
		report.add("openat2.resolve", errno == EXDEV ? works() : refused("open", errno));
}

} // namespace probe
