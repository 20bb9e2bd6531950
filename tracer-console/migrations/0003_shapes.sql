-- What traces that look alike have in common, once for all of them: how their services and calls went, and what filters ask
-- for of them. `derivation.rs` fills these tables, from documents alone.
CREATE TABLE shapes (
    -- Never used again for another one: readers remember it.
    shape INTEGER PRIMARY KEY AUTOINCREMENT,
    -- Of `bytes`, by which it is found.
    hash INTEGER NOT NULL,
    -- How many there are.
    traces INTEGER NOT NULL,
    -- Bits of the marks in marks.rs: those that the trace has, and those that any of its segments has.
    flags INTEGER NOT NULL,
    any_marks INTEGER NOT NULL,
    -- Bits of those keys of `texts` that there are values of, as shape.rs numbers them.
    texts INTEGER NOT NULL,
    -- Of the root's HTTP block; the status as filters compare it.
    status REAL,
    method TEXT,
    -- All of it, as shape.rs writes it.
    bytes BLOB NOT NULL
);
CREATE INDEX shapes_by_hash ON shapes (hash);

-- Services of a shape, one row for each name, with the marks that any of their segments has.
DROP TABLE services;
CREATE TABLE services (
    shape INTEGER NOT NULL,
    service INTEGER NOT NULL,
    name TEXT NOT NULL,
    kind TEXT,
    account TEXT,
    marks INTEGER NOT NULL,
    PRIMARY KEY (shape, service, name)
) WITHOUT ROWID;
CREATE INDEX services_by_name ON services (name);

-- Calls from one service of a shape to another, with the marks that any caller saw.
DROP TABLE calls;
CREATE TABLE calls (
    shape INTEGER NOT NULL,
    caller INTEGER NOT NULL,
    callee INTEGER NOT NULL,
    marks INTEGER NOT NULL,
    PRIMARY KEY (shape, caller, callee)
) WITHOUT ROWID;

-- Keys of annotations that are not only false.
CREATE TABLE keys (
    shape INTEGER NOT NULL,
    key TEXT NOT NULL,
    PRIMARY KEY (shape, key)
) WITHOUT ROWID;
CREATE INDEX keys_by_key ON keys (key);

CREATE TABLE new_traces (
    trace INTEGER PRIMARY KEY,
    -- The 16 bytes of the id.
    id BLOB NOT NULL UNIQUE,
    -- Epoch microseconds: the earliest start.
    start INTEGER NOT NULL,
    shape INTEGER NOT NULL,
    -- Milliseconds, as in the summary.
    response_time INTEGER NOT NULL,
    duration INTEGER NOT NULL,
    -- Microseconds from the start: the latest end or start, the earliest and the latest end of a segment.
    latest INTEGER NOT NULL,
    first_end INTEGER,
    last_end INTEGER,
    -- Of the root's HTTP block.
    url TEXT,
    -- When its requests began and ended, as packed_graph.rs writes it.
    graph BLOB NOT NULL,
    -- What it takes; when something of it came last, in microseconds from the start; how often anything had changed then.
    documents INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    arrived INTEGER NOT NULL,
    revision INTEGER NOT NULL
);
INSERT INTO new_traces
    (trace, id, start, shape, response_time, duration, latest, url, graph, documents, bytes, arrived, revision)
    SELECT trace, id, start, 0, 0, 0, 0, NULL, x'', documents, bytes, arrived - start, revision FROM traces;
DROP TABLE traces;
ALTER TABLE new_traces RENAME TO traces;

-- A walk through time reads the index alone.
CREATE INDEX traces_by_start ON traces (start, shape, response_time, duration);
CREATE INDEX traces_by_revision ON traces (revision);
-- Those that may go on when a minute is over.
CREATE INDEX long_traces_by_start ON traces (start) WHERE latest > 60000000;

-- What the traces that began in a minute have at most and at least, in the units of `traces` but for the times, which are epoch
-- microseconds: minutes in which nothing can be found are left out of a walk.
DROP TABLE minutes;
CREATE TABLE minutes (
    minute INTEGER PRIMARY KEY,
    traces INTEGER NOT NULL,
    first_trace INTEGER,
    last_trace INTEGER,
    latest INTEGER,
    first_end INTEGER,
    last_end INTEGER,
    shortest_response INTEGER,
    longest_response INTEGER,
    shortest INTEGER,
    longest INTEGER
);
-- Which URLs roots of these traces have, as urls.rs writes it.
CREATE TABLE minute_urls (
    minute INTEGER PRIMARY KEY,
    urls BLOB NOT NULL
);
CREATE TABLE minute_shapes (
    shape INTEGER NOT NULL,
    minute INTEGER NOT NULL,
    traces INTEGER NOT NULL,
    PRIMARY KEY (shape, minute)
) WITHOUT ROWID;

-- By which version of the program all this is derived, and from which trace on it is not yet; NULL when all is.
CREATE TABLE derivation (
    version INTEGER NOT NULL,
    next INTEGER
);
INSERT INTO derivation (version, next) VALUES (0, NULL);
