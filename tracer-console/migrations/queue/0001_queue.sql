-- Documents that are to be sent on, in the order in which they arrived.
CREATE TABLE queued (
    number INTEGER PRIMARY KEY,
    text TEXT NOT NULL
) STRICT;

-- Where they go, by what was given on the command line.
CREATE TABLE targets (
    target INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;

-- Who does not have which document yet. A document that nobody waits for is forgotten.
CREATE TABLE waiting (
    number INTEGER NOT NULL,
    target INTEGER NOT NULL,
    PRIMARY KEY (number, target)
) STRICT, WITHOUT ROWID;
