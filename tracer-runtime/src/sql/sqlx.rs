//! sqlx: its `tracing` events, by a layer that makes a subsegment of each.
//!
//! ```
//! use tracer_runtime::sql::{Database, sqlx};
//! use tracing_subscriber::layer::SubscriberExt;
//!
//! let orders: Database = "postgres://app:s3cret@db.example.com/orders".parse()?;
//! let subscriber = tracing_subscriber::registry().with(sqlx::layer(orders));
//! // `subscriber.init()`, with `tracing_subscriber::util::SubscriberInitExt`
//! # Ok::<(), tracer_runtime::sql::DatabaseError>(())
//! ```
//!
//! sqlx tells of a query when it has ended, so the subsegment is made then, with its beginning in the past, below what is current
//! on the thread. How many rows a query returned and affected becomes metadata. What to know:
//!
//! - **An event does not say that a query failed**: no subsegment of the layer is a fault. The error is recorded by the annotated
//!   function that it leaves, or by [`Database::call`] around the query, which also takes the place of the layer's subsegment.
//! - **SQLite tells nothing here**: its connections run queries on threads of their own, where nothing is current, and a parent is never
//!   guessed. Use [`Database::call`].
//! - **An event does not say of which database it is**: all are of the one that the layer was given. Of a second database use
//!   [`Database::call`].
//! - Outside of an annotated function or another subsegment nothing is recorded.
//! - The end of a transaction is a query, too; of its beginning sqlx gives no event.
//! - A query whose rows are streamed ends when the stream does, or is dropped.
//! - The events must be there. sqlx gives them as `debug`, those of slow queries as `warn`; `disable_statement_logging` or a
//!   `log_statements` level of `trace` in its options, the features `max_level_…` of `tracing`, and a filter of the whole
//!   subscriber (an `EnvFilter` as a layer of its own) take them away. Give each layer its own filter instead.
//! - Because somebody hears them, sqlx writes the text of each query into its event, also where nothing is recorded. This layer
//!   copies it only where that is asked for.
//!
//! The layer brings its own filter: it asks for no other event, and other layers are given no more than before.

use std::time::Duration;

use tracing_core::field::{Field, Visit};
use tracing_core::{Event, Interest, LevelFilter, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, Filter};
use tracing_subscriber::registry::LookupSpan;

use super::call;
use super::database::Database;
use crate::namespace::Namespace;
use crate::recording::downstream::Downstream;

/// A layer that records sqlx's queries, all of `database`.
///
/// ```
/// use tracer_runtime::sql::{Database, sqlx};
/// use tracing_subscriber::layer::SubscriberExt;
///
/// let orders = Database::named("orders@db.example.com").with_type("PostgreSQL");
/// let subscriber = tracing_subscriber::registry().with(sqlx::layer(orders));
/// ```
#[must_use = "a layer does nothing unless it is part of a subscriber"]
pub fn layer<S>(database: Database) -> impl Layer<S> + Send + Sync + 'static
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    Queries { database }.with_filter(OfQueries)
}

struct Queries {
    database: Database,
}

impl<S: Subscriber> Layer<S> for Queries {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        // A `Call` records its query itself.
        if !crate::is_sampled() || call::is_running() {
            return;
        }
        let mut numbers = Numbers::default();
        event.record(&mut numbers);
        let Some(elapsed) = numbers.elapsed else { return };
        let Some(call) = Downstream::open_ended(self.database.name(), Namespace::Remote, elapsed) else {
            return;
        };
        self.database.put_on(&call);
        if call.collects_sql_queries() {
            let mut text = Text::default();
            event.record(&mut text);
            call.put_sql("sanitized_query", text.query());
        }
        for (key, rows) in [("rows_returned", numbers.returned), ("rows_affected", numbers.affected)] {
            if let Some(rows) = rows {
                call.put_metadata(key, &rows);
            }
        }
        call.close();
    }
}

/// What is cheap to take from an event.
#[derive(Default)]
struct Numbers {
    elapsed: Option<Duration>,
    returned: Option<u64>,
    affected: Option<u64>,
}

impl Visit for Numbers {
    fn record_f64(&mut self, field: &Field, value: f64) {
        if field.name() == "elapsed_secs" {
            self.elapsed = Duration::try_from_secs_f64(value).ok();
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        match field.name() {
            "rows_returned" => self.returned = Some(value),
            "rows_affected" => self.affected = Some(value),
            _ => {}
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}
}

/// The query, which is copied only if it was asked for.
#[derive(Default)]
struct Text {
    /// The first four words.
    summary: String,
    /// The whole, where it has more.
    statement: String,
}

impl Text {
    fn query(&self) -> &str {
        let statement = self.statement.trim();
        if statement.is_empty() { &self.summary } else { statement }
    }
}

impl Visit for Text {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "summary" => value.clone_into(&mut self.summary),
            "db.statement" => value.clone_into(&mut self.statement),
            _ => {}
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}
}

/// The events that sqlx gives of queries, and no other; none where tracing is compiled out.
struct OfQueries;

impl OfQueries {
    fn wants(metadata: &Metadata<'_>) -> bool {
        cfg!(feature = "enable") && metadata.target() == "sqlx::query" && !metadata.is_span()
    }
}

impl<S> Filter<S> for OfQueries {
    fn enabled(&self, metadata: &Metadata<'_>, _: &Context<'_, S>) -> bool {
        Self::wants(metadata)
    }

    fn callsite_enabled(&self, metadata: &'static Metadata<'static>) -> Interest {
        if Self::wants(metadata) { Interest::always() } else { Interest::never() }
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(if cfg!(feature = "enable") { LevelFilter::DEBUG } else { LevelFilter::OFF })
    }
}

#[cfg(all(test, not(feature = "enable")))]
mod tests_compiled_out {
    use super::*;

    #[test]
    fn p6_compiled_out_no_event_is_asked_for() {
        let layer = layer::<tracing_subscriber::Registry>(Database::named("orders@db"));
        assert_eq!(layer.max_level_hint(), Some(LevelFilter::OFF));
    }
}

#[cfg(all(test, feature = "enable"))]
mod tests {
    use super::*;
    use crate::recording::context;
    use crate::testing;

    #[test]
    fn a_query_that_has_ended_begins_earlier_and_never_before_its_invocation() {
        let trace = testing::capture(|| {
            let state = context::current().unwrap().invocation.lock();
            let begin = state.start_of(state.now(), Duration::MAX);
            assert!(begin <= state.now());
            assert_eq!(state.start_of(begin + 5_000, Duration::from_micros(2_000)), begin + 3_000);
            assert_eq!(state.start_of(begin + 5_000, Duration::from_micros(5_001)), begin);
            drop(state);
            Downstream::open_ended("orders@db", Namespace::Remote, Duration::MAX).unwrap().close();
            Downstream::open_ended("orders@db", Namespace::Remote, Duration::ZERO).unwrap().close();
        });
        let [first, second] = trace.subsegments() else { panic!("two queries: {trace}") };
        let time = |query: &testing::RecordedSubsegment, key: &str| query.json()[key].as_f64().unwrap();
        assert!(time(first, "start_time") <= time(second, "start_time"));
        assert!(time(first, "start_time") > 0.0 && time(first, "end_time") >= time(first, "start_time"));
    }

    #[test]
    fn a_text_is_the_statement_or_else_its_first_words() {
        let text =
            |summary: &str, statement: &str| Text { summary: summary.into(), statement: statement.into() };
        assert_eq!(text("SELECT 1", "").query(), "SELECT 1");
        assert_eq!(
            text("SELECT a FROM b …", "\n\nSELECT a FROM b WHERE c\n").query(),
            "SELECT a FROM b WHERE c"
        );
    }
}
