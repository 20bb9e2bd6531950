//! Which database calls go to, as the trace names it.

use std::borrow::Cow;
use std::str::FromStr;
use std::sync::Arc;

use thiserror::Error;

use super::connect_string::{self, Facts};
use crate::beginning::beginning;
use crate::namespace::Namespace;
use crate::recording::downstream::Downstream;

/// X-Ray takes 250 characters of most strings, and 200 of a name.
const LONGEST: usize = 250;
const LONGEST_NAME: usize = 200;
/// What a database is called whose connection string tells nothing that is safe to show.
const UNKNOWN: &str = "database";

/// Which database calls go to: the subsegment's name and its `sql` block, with no password in any of it. Clones are cheap.
///
/// A connection string makes one: a URL of PostgreSQL, MySQL, SQLite or another database, or `key=value` pairs as PostgreSQL
/// takes them. The name is `database@host`, and of SQLite the file's path. Of a string that names several hosts the first counts.
///
/// ```
/// use tracer_runtime::sql::Database;
///
/// let orders: Database = "postgres://app:s3cret@db.example.com:5432/orders?sslmode=require".parse()?;
/// assert_eq!(orders.name(), "orders@db.example.com");
/// assert_eq!(orders.user(), Some("app"));
/// assert_eq!(orders.url(), Some("postgres://db.example.com:5432/orders"));
/// # Ok::<(), tracer_runtime::sql::DatabaseError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Database {
    facts: Arc<Facts>,
}

/// A connection string that is none, or whose password cannot be told from the rest. It does not show the string: that may hold
/// the password.
///
/// ```
/// use tracer_runtime::sql::{Database, DatabaseError};
///
/// assert_eq!("".parse::<Database>(), Err(DatabaseError::Empty));
/// assert_eq!("postgres://app:a/b@db/orders".parse::<Database>(), Err(DatabaseError::Ambiguous));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DatabaseError {
    /// There is no text.
    #[error("the connection string is empty: give it a URL such as `postgres://user@host/database`")]
    Empty,
    /// An `@` stands where no password belongs.
    #[error(
        "the connection string's password cannot be told from the rest: percent-encode `/`, `?`, `#` and `@` in it, \
         or name the database with `Database::named`"
    )]
    Ambiguous,
    /// It is neither a URL nor `key=value` pairs.
    #[error(
        "the connection string is neither a URL such as `postgres://user@host/database` or `sqlite:file` nor \
         `host=… dbname=…`: correct it, or name the database with `Database::named`"
    )]
    Malformed,
}

impl Database {
    /// A database of this name, `database@host` by X-Ray's custom.
    ///
    /// A connection string in place of a name is treated as one: its password does not become part of the name.
    ///
    /// ```
    /// use tracer_runtime::sql::Database;
    ///
    /// let orders = Database::named("orders@db.example.com").with_type("PostgreSQL").with_user("app");
    /// assert_eq!(orders.name(), "orders@db.example.com");
    /// ```
    #[must_use]
    pub fn named(name: impl Into<Cow<'static, str>>) -> Self {
        let name = name.into();
        if connect_string::is_like_one(&name) {
            return name.parse().unwrap_or_else(|_| Self::unknown());
        }
        Self::of(Facts { name: name.into_owned(), ..Facts::default() })
    }

    pub(crate) fn of(mut facts: Facts) -> Self {
        for long in [&mut facts.url, &mut facts.user].into_iter().flatten() {
            shorten(long, LONGEST);
        }
        shorten(&mut facts.name, LONGEST_NAME);
        if facts.name.trim().is_empty() {
            UNKNOWN.clone_into(&mut facts.name);
        }
        Self { facts: Arc::new(facts) }
    }

    pub(crate) fn unknown() -> Self {
        Self::of(Facts::default())
    }

    /// Says what the database is, such as `PostgreSQL`: `sql.database_type`.
    ///
    /// ```
    /// let orders = tracer_runtime::sql::Database::named("orders@db").with_type("Aurora PostgreSQL");
    /// ```
    #[must_use]
    pub fn with_type(self, database_type: impl Into<Cow<'static, str>>) -> Self {
        self.with(|facts| facts.database_type = Some(database_type.into()))
    }

    /// Says which version the database has: `sql.database_version`.
    ///
    /// ```
    /// let orders = tracer_runtime::sql::Database::named("orders@db").with_version("17.5");
    /// ```
    #[must_use]
    pub fn with_version(self, version: impl Into<Cow<'static, str>>) -> Self {
        self.with(|facts| facts.version = Some(version.into()))
    }

    /// Says as whom the program connects: `sql.user`.
    ///
    /// ```
    /// let orders = tracer_runtime::sql::Database::named("orders@db").with_user("app");
    /// assert_eq!(orders.user(), Some("app"));
    /// ```
    #[must_use]
    pub fn with_user(self, user: impl Into<String>) -> Self {
        let mut user = user.into();
        shorten(&mut user, LONGEST);
        self.with(|facts| facts.user = Some(user))
    }

    fn with(mut self, change: impl FnOnce(&mut Facts)) -> Self {
        change(Arc::make_mut(&mut self.facts));
        self
    }

    /// The name of its subsegments.
    ///
    /// ```
    /// let orders: tracer_runtime::sql::Database = "sqlite:orders.db".parse().unwrap();
    /// assert_eq!(orders.name(), "orders.db");
    /// ```
    #[must_use]
    pub fn name(&self) -> &str {
        &self.facts.name
    }

    /// What it is, if that is known.
    ///
    /// ```
    /// let orders: tracer_runtime::sql::Database = "host=db dbname=orders".parse().unwrap();
    /// assert_eq!(orders.database_type(), Some("PostgreSQL"));
    /// ```
    #[must_use]
    pub fn database_type(&self) -> Option<&str> {
        self.facts.database_type.as_deref()
    }

    /// Its URL without user, password and query.
    ///
    /// ```
    /// let orders: tracer_runtime::sql::Database = "host=db dbname=orders password=x".parse().unwrap();
    /// assert_eq!(orders.url(), Some("postgresql://db/orders"));
    /// ```
    #[must_use]
    pub fn url(&self) -> Option<&str> {
        self.facts.url.as_deref()
    }

    /// As whom the program connects.
    ///
    /// ```
    /// let orders: tracer_runtime::sql::Database = "mysql://app:x@db/orders".parse().unwrap();
    /// assert_eq!(orders.user(), Some("app"));
    /// ```
    #[must_use]
    pub fn user(&self) -> Option<&str> {
        self.facts.user.as_deref()
    }

    /// Opens the subsegment of a call of this database.
    #[inline]
    pub(crate) fn open(&self) -> Option<Downstream> {
        let call = Downstream::open(self.name(), Namespace::Remote)?;
        self.put_on(&call);
        Some(call)
    }

    pub(crate) fn put_on(&self, call: &Downstream) {
        let facts = &*self.facts;
        let members = [
            ("url", facts.url.as_deref()),
            ("database_type", facts.database_type.as_deref()),
            ("database_version", facts.version.as_deref()),
            ("user", facts.user.as_deref()),
        ];
        for (key, value) in members {
            if let Some(value) = value {
                call.put_sql(key, value);
            }
        }
    }
}

impl FromStr for Database {
    type Err = DatabaseError;

    fn from_str(text: &str) -> Result<Self, DatabaseError> {
        Ok(Self::of(connect_string::parse(text)?.facts))
    }
}

fn shorten(text: &mut String, characters: usize) {
    let length = beginning(text, characters).len();
    text.truncate(length);
}
