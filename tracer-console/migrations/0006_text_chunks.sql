-- Another number after each change of a minute's traces: what was made of them before holds no more.
ALTER TABLE minutes ADD COLUMN changed INTEGER NOT NULL DEFAULT 0;

-- Texts that filters look into, annotations and `texts`, in the order of the traces: all of those from `first_trace` on and before
-- that of the next row, as text_chunks.rs writes them. `derivation.rs` fills the table.
CREATE TABLE text_chunks (
    first_trace INTEGER PRIMARY KEY,
    bytes BLOB NOT NULL
);
