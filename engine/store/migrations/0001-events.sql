-- Boots of this host, numbered in the order of first sight.
CREATE TABLE boot (
  number INTEGER PRIMARY KEY,
  boot_id TEXT NOT NULL UNIQUE
) STRICT;

-- Texts, each named by a small number. A text may occur more than once (the writer's cache forgets), so compare
-- texts, never ids. Texts that SQLite's functions would misread are BLOBs: see dictionary.ts.
CREATE TABLE string (
  id INTEGER PRIMARY KEY,
  value ANY NOT NULL
) STRICT;
CREATE INDEX string_odd ON string (id) WHERE typeof(value) = 'blob';

-- Lists of texts, as JSON.
CREATE TABLE list (
  id INTEGER PRIMARY KEY,
  value TEXT NOT NULL
) STRICT;

-- One row an event, one column a field of shared/event.ts. NULL: absent. Dates are epoch milliseconds.
CREATE TABLE event (
  boot INTEGER NOT NULL,
  time_ns INTEGER NOT NULL, -- boot clock
  sequence INTEGER NOT NULL,
  "@timestamp" REAL,
  "event.kind" INTEGER, -- string
  "event.category" INTEGER, -- list
  "event.type" INTEGER, -- list
  "event.action" INTEGER, -- string
  "event.outcome" INTEGER, -- string
  "event.reason" INTEGER, -- string
  "event.duration" INTEGER,
  "event.start" REAL,
  "event.end" REAL,
  "event.sequence" INTEGER,
  "error.code" INTEGER, -- string
  "host.boot.id" INTEGER, -- string
  "message" INTEGER, -- string
  "process.entity_id" INTEGER, -- string
  "process.pid" INTEGER,
  "process.vpid" INTEGER,
  "process.thread.id" INTEGER,
  "process.name" INTEGER, -- string
  "process.executable" INTEGER, -- string
  "process.args" INTEGER, -- list
  "process.args_count" INTEGER,
  "process.command_line" INTEGER, -- string
  "process.working_directory" INTEGER, -- string
  "process.start" REAL,
  "process.end" REAL,
  "process.exit_code" INTEGER,
  "process.interactive" INTEGER,
  "process.tty.char_device.major" INTEGER,
  "process.tty.char_device.minor" INTEGER,
  "process.session_leader.pid" INTEGER,
  "process.env_vars" INTEGER, -- list
  "process.thread.capabilities.effective" INTEGER, -- list
  "process.parent.entity_id" INTEGER, -- string
  "process.parent.pid" INTEGER,
  "process.parent.name" INTEGER, -- string
  "process.parent.executable" INTEGER, -- string
  "process.parent.command_line" INTEGER, -- string
  "user.id" INTEGER, -- string
  "user.name" INTEGER, -- string
  "user.effective.id" INTEGER, -- string
  "user.effective.name" INTEGER, -- string
  "group.id" INTEGER, -- string
  "group.name" INTEGER, -- string
  "container.id" INTEGER, -- string
  "container.name" INTEGER, -- string
  "container.runtime" INTEGER, -- string
  "package.name" INTEGER, -- string
  "package.version" INTEGER, -- string
  "file.path" INTEGER, -- string
  "source.ip" INTEGER, -- string
  "source.port" INTEGER,
  "destination.ip" INTEGER, -- string
  "destination.port" INTEGER,
  "merlon.process.comm" INTEGER, -- string
  "merlon.process.script" INTEGER, -- string
  "merlon.process.interpreter" INTEGER, -- string
  "merlon.process.flags" INTEGER, -- list
  "merlon.process.stdin" INTEGER, -- string
  "merlon.process.stdout" INTEGER, -- string
  "merlon.process.stderr" INTEGER, -- string
  "merlon.process.args_length" INTEGER,
  "merlon.executable.device" INTEGER, -- string
  "merlon.executable.inode" INTEGER, -- string
  "merlon.executable.generation" INTEGER,
  "merlon.login.id" INTEGER, -- string
  "merlon.login.name" INTEGER, -- string
  "merlon.audit.session" INTEGER,
  "merlon.tty.name" INTEGER, -- string
  "merlon.namespace.mount" INTEGER,
  "merlon.namespace.pid" INTEGER,
  "merlon.namespace.net" INTEGER,
  "merlon.namespace.user" INTEGER,
  "merlon.cgroup.id" INTEGER, -- string
  "merlon.cgroup.path" INTEGER, -- string
  "merlon.systemd.unit" INTEGER, -- string
  "merlon.exit.signal" INTEGER, -- string
  "merlon.exit.core_dumped" INTEGER,
  "merlon.exit.cpu_time" INTEGER,
  "merlon.exit.max_rss" INTEGER,
  "merlon.gap.lost" INTEGER,
  PRIMARY KEY (boot, time_ns, sequence)
) WITHOUT ROWID;

-- Events in the order in which they came, some 65,536 together: how many, from where on, and when. They count the
-- events without a scan, cut a long search into short ones, and tell where "since" begins.
CREATE TABLE stretch (
  id INTEGER PRIMARY KEY,
  boot INTEGER NOT NULL,
  first_time_ns INTEGER NOT NULL, -- of its events the smallest
  events INTEGER NOT NULL,
  first_ms REAL, -- @timestamp of its events: NULL where none has one
  last_ms REAL,
  last_sequence INTEGER NOT NULL
) STRICT;
