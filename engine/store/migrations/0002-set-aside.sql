-- What was set aside is told with its place and why; of a damaged file nobody may know how many events it had.
CREATE TABLE cut_and_aside (
  id INTEGER PRIMARY KEY,
  at_ms REAL NOT NULL,
  reason TEXT NOT NULL CHECK (reason IN ('age', 'size', 'disk_full', 'wiped', 'damaged', 'set_aside')),
  boot INTEGER NOT NULL,
  events INTEGER, -- NULL where nobody knows
  bytes INTEGER NOT NULL,
  first_ms REAL,
  last_ms REAL,
  folder TEXT, -- of what was set aside: where it lies
  why TEXT -- a sentence or more
) STRICT;
INSERT INTO cut_and_aside SELECT id, at_ms, reason, boot, events, bytes, first_ms, last_ms, NULL, NULL FROM cut;
DROP TABLE cut;
ALTER TABLE cut_and_aside RENAME TO cut;
