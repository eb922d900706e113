-- Boots of this host, numbered in the order of first sight. Cursors say these numbers.
CREATE TABLE boot (
  number INTEGER PRIMARY KEY,
  boot_id TEXT NOT NULL UNIQUE
) STRICT;

-- Files of events. What an open one holds is told by its own chunks; here it is told once it is full.
CREATE TABLE partition (
  number INTEGER PRIMARY KEY,
  boot INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('open', 'full', 'sealed', 'damaged')),
  problem TEXT, -- of a damaged one, a sentence
  events INTEGER NOT NULL DEFAULT 0,
  bytes INTEGER NOT NULL DEFAULT 0, -- on disk
  first_sequence INTEGER,
  last_sequence INTEGER,
  first_time_ns INTEGER,
  last_time_ns INTEGER,
  first_ms REAL, -- @timestamp: smallest and largest, NULL where no event has one
  last_ms REAL,
  minutes BLOB -- of a sealed one: its table minute, as minutes.ts encodes it
) STRICT;

-- What was cut, when and why; never cut itself.
CREATE TABLE cut (
  id INTEGER PRIMARY KEY,
  at_ms REAL NOT NULL,
  reason TEXT NOT NULL CHECK (reason IN ('age', 'size', 'disk_full', 'wiped', 'damaged')),
  boot INTEGER NOT NULL,
  events INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  first_ms REAL,
  last_ms REAL
) STRICT;

-- What somebody wants kept: partitions with such events are not cut.
CREATE TABLE hold (
  id TEXT PRIMARY KEY,
  reason TEXT NOT NULL, -- a sentence for the person
  boot INTEGER NOT NULL,
  first_sequence INTEGER NOT NULL,
  last_sequence INTEGER NOT NULL
) STRICT;
