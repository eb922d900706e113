/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Every record sent to user space: the only definition of its layout. generate.ts turns the BTF of layout.bpf.c into
 * the engine's readers; a hash of the layout travels in the handshake.
 *
 * A record is a fixed part followed by a tail of strings. Only written bytes are sent, rounded up to 8; a string is
 * (offset from the record's start, length), length 0 where there is none; strings carry no terminating NUL, except
 * that lists (arguments, environment) separate their members by one. Integers are little endian. Times are nanoseconds
 * of the boot clock (CLOCK_BOOTTIME). Pids are those of the initial pid namespace.
 */
#ifndef MERLON_EVENTS_H
#define MERLON_EVENTS_H

#define MERLON_PATH_MAX 4096
#define MERLON_ARGS_MAX 8192
#define MERLON_ENV_MAX 2048 /* LD_* values together */
#define MERLON_COMM_LEN 16
#define MERLON_TTY_MAX 64
#define MERLON_INTERP_MAX 256 /* BINPRM_BUF_SIZE */

enum merlon_type {
	MERLON_NONE = 0,
	MERLON_EXEC = 1,        /* struct merlon_exec: a program was started */
	MERLON_EXEC_FAILED = 2, /* struct merlon_exec_failed */
	MERLON_FORK = 3,        /* struct merlon_fork: a process (not a thread) was created */
	MERLON_EXIT = 4,        /* struct merlon_exit: the last thread of a process ended */
	MERLON_RUNNING = 5,     /* struct merlon_exec: already ran before the sensor started */
	MERLON_CGROUP = 6,      /* struct merlon_cgroup: a cgroup was made, and what its id means */
	MERLON_BPF = 7,         /* struct merlon_bpf: a BPF program was loaded, attached, detached or pinned */
	MERLON_TYPE_COUNT = 8,
};

enum merlon_exec_flag {
	MERLON_F_MEMFD = 1 << 0,     /* runs from a memfd */
	MERLON_F_DELETED = 1 << 1,   /* the executable has no link left */
	MERLON_F_SETUID = 1 << 2,    /* S_ISUID on the executable */
	MERLON_F_SETGID = 1 << 3,    /* S_ISGID with group execute on the executable */
	MERLON_F_FILE_CAPS = 1 << 4, /* a user other than root was given capabilities by the file */
	MERLON_F_LD_PRELOAD = 1 << 5,
	MERLON_F_LD_AUDIT = 1 << 6,
	MERLON_F_LD_LIBRARY_PATH = 1 << 7,
	MERLON_F_EXECUTABLE_CUT = 1 << 8, /* the walk to the root was longer than its bound */
	MERLON_F_SCRIPT_CUT = 1 << 9,
	MERLON_F_CWD_CUT = 1 << 10,
	MERLON_F_ARGS_CUT = 1 << 11,
	MERLON_F_ENV_CUT = 1 << 12,      /* not every variable was looked at, or a value was cut */
	MERLON_F_ARGS_MISSING = 1 << 13, /* arguments could not be read here: user space reads /proc */
	MERLON_F_INCOMPLETE = 1 << 14,   /* some other part could not be read */
};

enum merlon_stream {
	MERLON_STREAM_CLOSED = 0,
	MERLON_STREAM_TTY = 1,
	MERLON_STREAM_PIPE = 2,
	MERLON_STREAM_SOCKET = 3,
	MERLON_STREAM_FILE = 4,
	MERLON_STREAM_NULL = 5,
	MERLON_STREAM_OTHER = 6,
};

enum merlon_bpf_flag {
	MERLON_B_ASKED = 1 << 0,   /* type, attach type and name are what the caller asked for: nothing was loaded */
	MERLON_B_MISSING = 1 << 1, /* the descriptor was none of BPF's by then: what it named is not told */
	MERLON_B_PATH_CUT = 1 << 2,
};

struct merlon_str {
	__u16 off;
	__u16 len;
};

struct merlon_header {
	__u32 size; /* of the whole record, a multiple of 8 */
	__u16 type; /* enum merlon_type */
	__u16 cpu;
	__u64 seq; /* counts every record attempted on this CPU, sent or lost: a jump is a loss and its place */
	__u64 time_ns;
};
_Static_assert(sizeof(struct merlon_header) == 24, "merlon_header");

/* Who: the process that the record is about. */
struct merlon_task {
	__u32 pid; /* the kernel's tgid */
	__u32 tid; /* the kernel's pid */
	__u32 ppid;
	__u32 vpid;     /* pid in its own pid namespace */
	__u64 start_ns; /* start_boottime of the thread group's leader */
	__u64 parent_start_ns;
	__u32 uid;
	__u32 gid;
	__u32 euid;
	__u32 egid;
	__u32 loginuid; /* (__u32)-1: never set */
	__u32 audit_session;
	__u32 sid;       /* pid of the session's leader */
	__u32 tty_major; /* 0, 0: no controlling terminal */
	__u32 tty_minor;
	__u32 mnt_ns; /* inode numbers of the namespaces */
	__u32 pid_ns;
	__u32 net_ns;
	__u32 user_ns;
	__u32 pad;
	__u64 cap_effective;
	__u64 cgroup_id; /* cgroup v2, or the pids controller's where the v2 one is the root */
	char comm[MERLON_COMM_LEN];
};
_Static_assert(sizeof(struct merlon_task) == 120, "merlon_task");

struct merlon_exec {
	struct merlon_header header;
	struct merlon_task task;
	__u64 inode;
	__u32 dev; /* s_dev in the kernel's encoding: major << 20 | minor */
	__u32 generation;
	__u32 mode;
	__u32 flags;       /* enum merlon_exec_flag */
	__u32 args_length; /* true length in bytes, before any cut */
	__u32 env_length;
	__u8 stdin_kind; /* enum merlon_stream */
	__u8 stdout_kind;
	__u8 stderr_kind;
	__u8 pad;
	struct merlon_str executable; /* absolute path of the file that runs, at most MERLON_PATH_MAX */
	struct merlon_str
	    script; /* what execve was given, where a script's interpreter runs instead; may be relative */
	struct merlon_str interpreter; /* the interpreter as the script names it */
	struct merlon_str cwd;
	struct merlon_str args; /* NUL between arguments, at most MERLON_ARGS_MAX */
	struct merlon_str env;  /* LD_*=value, NUL between, at most MERLON_ENV_MAX */
	struct merlon_str tty;  /* name of the controlling terminal */
};
_Static_assert(sizeof(struct merlon_exec) == 24 + 120 + 8 + 6 * 4 + 4 + 7 * 4, "merlon_exec");

struct merlon_exec_failed {
	struct merlon_header header;
	struct merlon_task task; /* of the caller, which goes on as it was */
	__u32 error;             /* errno, positive */
	__u32 flags;
	__u32 args_length;      /* bytes read; the true length is unknown where MERLON_F_ARGS_CUT is set */
	struct merlon_str path; /* what execve was given, as the program gave it */
	struct merlon_str cwd;
	struct merlon_str args;
};
_Static_assert(sizeof(struct merlon_exec_failed) == 24 + 120 + 3 * 4 + 3 * 4, "merlon_exec_failed");

struct merlon_fork {
	struct merlon_header header;
	struct merlon_task task; /* the new process; everything else it has from its parent */
};
_Static_assert(sizeof(struct merlon_fork) == 144, "merlon_fork");

struct merlon_exit {
	struct merlon_header header;
	struct merlon_task task;
	__u32 status; /* as wait(2) gives it: code << 8, or the signal with 0x80 for a core dump */
	__u32 pad;
	__u64 run_ns;  /* from start to end */
	__u64 cpu_ns;  /* of all its threads */
	__u64 max_rss; /* bytes */
};
_Static_assert(sizeof(struct merlon_exit) == 24 + 120 + 8 + 24, "merlon_exit");

struct merlon_cgroup {
	struct merlon_header header;
	__u64 id;
	__u32 hierarchy; /* 0: cgroup v2; else the v1 hierarchy's number */
	struct merlon_str path;
};
_Static_assert(sizeof(struct merlon_cgroup) == 40, "merlon_cgroup");

struct merlon_bpf {
	struct merlon_header header;
	struct merlon_task task;    /* of the caller */
	__u32 command;              /* enum bpf_cmd */
	__u32 error;                /* errno, positive; 0 where it succeeded */
	__u32 flags;                /* enum merlon_bpf_flag */
	__u32 program_id;           /* 0: no program is known */
	__u32 program_type;         /* enum bpf_prog_type */
	__u32 attach_type;          /* enum bpf_attach_type; 0 also where there is none */
	__u32 link_id;              /* 0: without a link */
	__u32 link_type;            /* enum bpf_link_type */
	__u64 tag;                  /* of the program: its 8 bytes in their order */
	char name[MERLON_COMM_LEN]; /* BPF_OBJ_NAME_LEN */
	struct merlon_str path;     /* what was pinned where, as the caller gave it, at most MERLON_PATH_MAX */
	__u32 pad;
};
_Static_assert(sizeof(struct merlon_bpf) == 24 + 120 + 8 * 4 + 8 + 16 + 2 * 4, "merlon_bpf");

#endif
