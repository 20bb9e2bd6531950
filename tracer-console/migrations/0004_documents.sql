-- Documents as they arrived: the number of the trace, and in the lowest 20 bits which of its documents it is. New ones are
-- appended so, which leaves pages full and is the fastest that SQLite has.
CREATE TABLE new_documents (
    document INTEGER PRIMARY KEY,
    -- 0 for none.
    dictionary INTEGER NOT NULL,
    text BLOB NOT NULL
);
INSERT INTO new_documents (document, dictionary, text)
    SELECT trace << 20 | number, dictionary, text FROM documents ORDER BY trace, number;
DROP TABLE documents;
ALTER TABLE new_documents RENAME TO documents;
