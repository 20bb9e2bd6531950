//! A store in an SQLite file: documents are truth, compressed; tables beside them know what filters look at.
//!
//! Downwards: who sends documents has each [`prepared`] on its own thread; [`writer`] is the one thread that writes them, a [`batch`] a
//! transaction, and remembers [`open_traces`]; [`unwritten_rows`] of new traces are written some thousands at a time or when somebody asks, [`late_traces`] are derived when they have grown enough or somebody asks. [`reader`] reads
//! beside it; [`select`] and [`stretches`] search by what [`said`], [`place`] and [`condition`] make of a filter, and [`fold`] and [`graph_cells`] tell of many traces without their documents. [`row`],
//! [`shape`], [`packed_graph`] and [`marks`] derive what the tables know, [`row_changes`] and [`minutes`] bring them up to date, and
//! [`derivation`] does so with files of older programs; [`shapes`] and [`known_shapes`], [`urls`], [`compression`], [`names`], [`retention`], [`progress`], [`log`] and [`schema`] are what these need.

mod batch;
mod compression;
mod condition;
mod derivation;
mod error;
mod fold;
mod graph_cells;
mod known_shapes;
mod late_traces;
mod lock;
mod log;
mod marks;
mod minutes;
mod names;
mod open_traces;
mod packed_chunk;
mod packed_graph;
mod place;
mod prepared;
mod progress;
mod reader;
mod retention;
mod row;
mod row_changes;
mod said;
mod schema;
mod select;
mod shape;
mod shapes;
mod sqlite_trace_store;
mod stretches;
mod text_chunks;
mod trouble;
mod unwritten_rows;
mod urls;
mod writer;

pub use error::SqliteError;
pub use retention::Retention;
pub use sqlite_trace_store::SqliteStore;
