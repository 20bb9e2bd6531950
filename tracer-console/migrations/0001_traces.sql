-- A trace as filters see it: everything here is derived from its documents, and only documents are truth.
CREATE TABLE traces (
    trace INTEGER PRIMARY KEY,
    -- The 16 bytes of the id.
    id BLOB NOT NULL UNIQUE,
    -- Epoch microseconds: the earliest start, the latest end or start, the earliest and the latest end of a segment, the
    -- latest arrival.
    start INTEGER NOT NULL,
    latest INTEGER NOT NULL,
    first_end INTEGER,
    last_end INTEGER,
    arrived INTEGER NOT NULL,
    -- Seconds, as in the summary.
    response_time REAL NOT NULL,
    duration REAL NOT NULL,
    -- Bits of the marks in marks.rs: those that the trace has, and those that any of its segments has.
    flags INTEGER NOT NULL,
    any_marks INTEGER NOT NULL,
    -- Of the root's HTTP block.
    status INTEGER,
    method TEXT,
    url TEXT,
    -- What it takes, and how often it changed.
    documents INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    revision INTEGER NOT NULL
);
CREATE INDEX traces_by_start ON traces (start, response_time, flags);
CREATE INDEX traces_by_arrival ON traces (arrived);
CREATE INDEX traces_by_revision ON traces (revision);

-- Documents as they arrived, in that order.
CREATE TABLE documents (
    trace INTEGER NOT NULL,
    number INTEGER NOT NULL,
    -- 0 for none.
    dictionary INTEGER NOT NULL,
    text BLOB NOT NULL,
    PRIMARY KEY (trace, number)
) WITHOUT ROWID;

CREATE TABLE dictionaries (
    dictionary INTEGER PRIMARY KEY,
    bytes BLOB NOT NULL
);

-- Texts that many rows share: names of services and types, and keys.
CREATE TABLE names (
    name INTEGER PRIMARY KEY,
    text TEXT NOT NULL UNIQUE
);

-- Annotations. Texts are TEXT, numbers REAL, and booleans the BLOBs x'00' and x'01', so that each type is a range of its own.
CREATE TABLE annotations (
    key INTEGER NOT NULL,
    value NOT NULL,
    trace INTEGER NOT NULL,
    PRIMARY KEY (key, value, trace)
) WITHOUT ROWID;

-- Users, resource ARNs, instances and availability zones of any segment: `key` is a name as above.
CREATE TABLE texts (
    key INTEGER NOT NULL,
    value TEXT NOT NULL,
    trace INTEGER NOT NULL,
    PRIMARY KEY (key, value, trace)
) WITHOUT ROWID;

-- Services of a trace, with the marks that any of their segments has.
CREATE TABLE services (
    name INTEGER NOT NULL,
    trace INTEGER NOT NULL,
    marks INTEGER NOT NULL,
    PRIMARY KEY (name, trace)
) WITHOUT ROWID;

-- Calls from one service to another, with the marks that any caller saw.
CREATE TABLE calls (
    caller INTEGER NOT NULL,
    callee INTEGER NOT NULL,
    trace INTEGER NOT NULL,
    marks INTEGER NOT NULL,
    PRIMARY KEY (caller, callee, trace)
) WITHOUT ROWID;

-- Links, by the trace that they name.
CREATE TABLE links (
    target BLOB NOT NULL,
    trace INTEGER NOT NULL,
    segment INTEGER NOT NULL,
    id INTEGER NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (target, trace, segment, id)
) WITHOUT ROWID;

-- Groups, sampling rules and the like, as JSON.
CREATE TABLE settings (
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (kind, name)
) WITHOUT ROWID;
