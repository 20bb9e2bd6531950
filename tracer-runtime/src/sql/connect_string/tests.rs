use proptest::prelude::*;

use super::*;
use crate::sql::Database;
use crate::testing;

fn database(text: &str) -> Database {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn facts(text: &str) -> (String, Option<String>, Option<String>) {
    let database = database(text);
    let owned = |text: Option<&str>| text.map(str::to_owned);
    (database.name().to_owned(), owned(database.url()), owned(database.user()))
}

fn is(text: &str, name: &str, url: &str, user: Option<&str>) {
    let expected = (name.to_owned(), Some(url.to_owned()), user.map(str::to_owned));
    assert_eq!(facts(text), expected, "{text}");
}

#[test]
fn a_url_tells_database_host_and_user() {
    is(
        "postgres://app:x@db.example.com:5432/orders",
        "orders@db.example.com",
        "postgres://db.example.com:5432/orders",
        Some("app"),
    );
    is("mysql://app:x@db/orders?ssl_mode=required", "orders@db", "mysql://db/orders", Some("app"));
    is("postgresql://db/my%20orders", "my orders@db", "postgresql://db/my%20orders", None);
    is("postgres://a%40tenant@db/orders", "orders@db", "postgres://db/orders", Some("a@tenant"));
}

#[test]
fn missing_parts_are_what_the_clients_assume() {
    is("postgres://app@/orders", "orders@localhost", "postgres:///orders", Some("app"));
    is("postgres:///orders", "orders@localhost", "postgres:///orders", None);
    is("postgres://app@db", "app@db", "postgres://db/app", Some("app"));
    is("mysql://app@db", "db", "mysql://db", Some("app"));
    is("postgres://", "localhost", "postgres://", None);
    is("postgres://:x@db/orders", "orders@db", "postgres://db/orders", None);
    is("user=app", "app@localhost", "postgresql:///app", Some("app"));
}

#[test]
fn hosts_are_addresses_sockets_and_lists_too() {
    is("postgres://app@[::1]:5433/orders", "orders@::1", "postgres://[::1]:5433/orders", Some("app"));
    is("host=::1 port=5433 dbname=orders", "orders@::1", "postgresql://[::1]:5433/orders", None);
    is("postgres://%2Fvar%2Frun/orders", "orders@localhost", "postgres://%2Fvar%2Frun/orders", None);
    is(
        "postgres:///orders?host=/var/run&user=app",
        "orders@localhost",
        "postgres://%2Fvar%2Frun/orders",
        Some("app"),
    );
    is("host=/var/run dbname=orders", "orders@localhost", "postgresql://%2Fvar%2Frun/orders", None);
    is("postgres://one:1,two:2,three/orders", "orders@one", "postgres://one:1/orders", None);
    is("host=one,two port=1,2 dbname=orders", "orders@one", "postgresql://one:1/orders", None);
    is("hostaddr=10.0.0.7 dbname=orders", "orders@10.0.0.7", "postgresql://10.0.0.7/orders", None);
}

#[test]
fn pairs_may_be_quoted_and_escaped() {
    is(
        r"host = db  dbname='my \'orders\'' user=a\ b password='x y'",
        "my orders@db",
        "postgresql://db/my%20'orders'",
        Some("a b"),
    );
}

#[test]
fn a_file_is_named_by_its_path() {
    for (text, name) in [
        (":memory:", ":memory:"),
        ("sqlite::memory:", ":memory:"),
        ("sqlite://orders.db?mode=rwc&key=secret", "orders.db"),
        ("sqlite:///tmp/orders.db", "/tmp/orders.db"),
        ("file:orders.db?key=secret", "orders.db"),
        ("orders.db", "orders.db"),
    ] {
        let database = database(text);
        assert_eq!((database.name(), database.database_type()), (name, Some("SQLite")), "{text}");
        assert_eq!((database.url(), database.user()), (None, None));
    }
}

#[test]
fn what_leaves_the_password_open_is_refused() {
    for text in [
        "postgres://app:a/b@db/orders",
        "postgres://app:1?b@db/orders",
        "postgres://app:1#b@db/orders",
        "postgres://app:1/b@c@db/orders",
        "app:secret@db",
        "host=db dbname=postgres://app:secret@db/orders",
        "dbname='password=secret'",
        // As other databases' clients take it: `;` is no end of a value here.
        "user=app;password=secret;server=db",
        "user=app;pwd=secret host=db",
        "sqlserver://app;password=secret@db/orders",
        "postgres://db/orders?user=app;password=secret",
        "postgres://db/orders?user=postgres://app:secret@db",
    ] {
        assert_eq!(text.parse::<Database>(), Err(DatabaseError::Ambiguous), "{text}");
    }
    for text in [
        "postgres://app:x@db:port/orders",
        "password='open",
        "=x",
        "host=db secret",
        "/tmp/a=b",
        "jdbc:postgresql://db/orders",
    ] {
        assert_eq!(text.parse::<Database>(), Err(DatabaseError::Malformed), "{text}");
    }
    assert_eq!("  ".parse::<Database>(), Err(DatabaseError::Empty));
}

#[test]
fn a_connection_string_given_as_a_name_is_treated_as_one() {
    assert_eq!(Database::named("postgres://app:secret@db/orders").name(), "orders@db");
    assert_eq!(Database::named("postgres://app:se/cret@db/orders").name(), "database");
    assert_eq!(Database::named("password=secret x").name(), "database");
    assert_eq!(Database::named("app:secret@db").name(), "database");
    assert_eq!(Database::named("app:secret@tcp(db:3306)/orders").name(), "database");
    assert_eq!(Database::named("postgres:app:secret@db/orders").name(), "database");
    assert_eq!(Database::named("orders@db:5432").name(), "orders@db:5432");
    assert_eq!(Database::named(":memory:").name(), ":memory:");
    assert_eq!(Database::named(" ").name(), "database");
}

#[test]
fn long_parts_are_cut() {
    let long = "x".repeat(1000);
    let database = database(&format!("postgres://{long}@{long}/{long}"));
    assert_eq!(database.name().len(), 200);
    assert_eq!((database.url().unwrap().len(), database.user().unwrap().len()), (250, 250));
    assert_eq!(Database::named("orders@db").with_user(long).user().unwrap().len(), 250);
}

#[test]
#[cfg(feature = "diesel")]
fn a_clients_text_is_shown_unless_it_could_quote_a_password() {
    let may_show = |string: &str, text: &str| parse(string).unwrap().may_show(text);
    assert!(may_show("postgres://app:hunter2@db/orders", "no route to host"));
    assert!(!may_show("postgres://app:hunter2@db/orders", "bad value \"hunter2\""));
    assert!(!may_show("postgres://app:hunter%202@db/orders", "bad value \"hunter 2\""));
    assert!(!may_show("postgres://app:hunter%202@db/orders", "bad token \"hunter%202\""));
    assert!(!may_show("postgres://db/orders?password=hunter2", "bad value \"hunter2\""));
    assert!(!may_show("host=db sslpassword=hunter2", "bad value \"hunter2\""));
    assert!(!may_show("host=db password=a hunter2=b", "invalid option \"hunter2\""));
    assert!(may_show("host=db password=a connect_timeout=1", "timeout"));
    // libpq takes the first `@` for the password's end, and then quotes the rest as a port.
    assert!(!may_show("postgres://app:a@b:hunter2@db/orders", "bad port \"hunter2@db\""));
}

/// A piece of each password, which nothing else in a document looks like.
const PIECE: &str = "HUNTER";

/// Passwords with everything in them that means something in a connection string.
fn password() -> impl Strategy<Value = String> {
    let between = prop::sample::select(vec![
        "@", ":", "/", "?", "#", "&", "=", "%", "%40", "%2F", " ", "'", "\\", "[", "]", "//", ",", "+", "é",
        "://", "",
    ]);
    prop::collection::vec(between, 0..4).prop_map(|between| {
        between.into_iter().fold(PIECE.to_owned(), |password, between| password + between + PIECE)
    })
}

fn encoded_whole(text: &str) -> String {
    utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// Connection strings with `password` in them, encoded, quoted, or just written there.
fn connection_string() -> impl Strategy<Value = String> {
    let scheme = prop::sample::select(vec!["postgres", "postgresql", "mysql", "mariadb", "x"]);
    let user = prop::sample::select(vec!["", "app", "a%40b"]);
    let host = prop::sample::select(vec![
        "",
        "db",
        "db:5432",
        "[::1]",
        "[::1]:1",
        "%2Fvar%2Frun",
        "one:1,two:2",
        "10.0.0.1",
    ]);
    let database = prop::sample::select(vec!["", "/", "/orders", "/orders?sslmode=require"]);
    (scheme, user, host, database, password(), 0..14).prop_map(
        |(scheme, user, host, database, password, form)| {
            let encoded = encoded_whole(&password);
            let quoted = password.replace('\\', r"\\").replace('\'', r"\'");
            let more = if database.contains('?') { '&' } else { '?' };
            match form {
                0 => format!("{scheme}://{user}:{encoded}@{host}{database}"),
                1 => format!("{scheme}://{user}:{password}@{host}{database}"),
                2 => format!("{scheme}://{user}%3A{encoded}@{host}{database}"),
                3 => format!("{scheme}://{user}@{host}{database}{more}password={encoded}"),
                4 => format!("{scheme}://{user}@{host}{database}{more}sslpassword={password}"),
                5 => format!("user=app password='{quoted}' host=db dbname=orders"),
                6 => format!("host=db password={password}"),
                7 => format!("sqlite://orders.db?key={password}"),
                8 => format!("{scheme}://{}{database}", encoded_whole(&format!("{user}:{password}@{host}"))),
                9 => {
                    let whole = format!("{scheme}://{user}:{password}@{host}{database}");
                    format!("{scheme}://db/?dbname={}", encoded_whole(&whole))
                }
                10 => format!("user=app;password={password};server={host}"),
                11 => format!("app:{password}@{host}"),
                12 => format!("{scheme}://app;pwd={encoded}@{host}{database}"),
                _ => format!("host=db dbname='{scheme}://{user}:{quoted}@{host}{database}'"),
            }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn no_password_is_in_any_document(string in connection_string()) {
        let read: Result<Database, DatabaseError> = string.parse();
        let shown = format!("{read:?} {}", read.as_ref().err().map_or_else(String::new, ToString::to_string));
        prop_assert!(!shown.contains(PIECE), "{string}: {shown}");

        for database in [Database::named(string.clone()), read.unwrap_or_else(|_| Database::unknown())] {
            let trace = testing::capture(|| database.open().unwrap().close());
            prop_assert_eq!(trace.subsegments().len(), 1);
            for document in trace.documents() {
                prop_assert!(!document.contains(PIECE), "{}: {}", string, document);
            }
        }
    }

    #[test]
    fn any_text_at_all_is_read_or_refused(text in "[ -~é]{0,60}") {
        let _ = text.parse::<Database>();
        let _ = Database::named(text);
    }
}
