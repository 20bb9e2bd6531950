//! `sql`: calls of databases that understand it.

use opentelemetry_proto::tonic::trace::v1::Span;
use serde_json::{Map, Value};

use super::attributes::Attributes;

const SYSTEM: [&str; 2] = ["db.system", "db.system.name"];
const URL: &str = "db.connection_string";
const NAME: [&str; 2] = ["db.name", "db.namespace"];
const QUERY: [&str; 2] = ["db.statement", "db.query.text"];
const USER: &str = "db.user";

/// The databases of the semantic conventions that understand SQL, by their old names and their new ones.
const SPEAK_SQL: [&str; 14] = [
    "db2",
    "derby",
    "hive",
    "mariadb",
    "mssql",
    "mysql",
    "oracle",
    "postgresql",
    "sqlite",
    "teradata",
    "other_sql",
    "ibm.db2",
    "microsoft.sql_server",
    "oracle.db",
];

/// The member; `None` for what is no call of an SQL database.
pub(super) fn member(span: &Span, attributes: &mut Attributes<'_>) -> Option<Value> {
    let system = attributes.text(&SYSTEM).filter(|system| SPEAK_SQL.contains(system))?;
    let text = |keys: &[&str]| attributes.text(keys).map(str::to_owned);
    let members = [
        // X-Ray's console shows it, and the operation tells more than the server's address.
        ("url", Some(span.name.clone()).filter(|name| !name.is_empty())),
        ("connection_string", Some(connection(attributes))),
        ("database_type", Some(system.to_owned())),
        ("user", text(&[USER])),
        ("sanitized_query", text(&QUERY)),
    ];
    let members: Map<_, _> =
        members.into_iter().filter_map(|(key, text)| Some((key.to_owned(), text?.into()))).collect();
    for keys in [&SYSTEM[..], &[URL], &NAME, &QUERY, &[USER]] {
        attributes.take(keys);
    }
    Some(Value::Object(members))
}

fn connection(attributes: &Attributes<'_>) -> String {
    let server = attributes.text(&[URL, "server.address"]).unwrap_or("localhost");
    format!("{server}/{}", attributes.text(&NAME).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
    use serde_json::json;

    use super::super::fixtures::{any, document, span};

    #[test]
    fn the_old_and_the_new_conventions_are_read() {
        let old = document(span(
            SpanKind::Client,
            [
                ("db.system", any("mysql")),
                ("db.connection_string", any("jdbc:mysql://db.example:3306")),
                ("db.name", any("shop")),
                ("db.statement", any("SELECT ?")),
                ("db.user", any("app")),
            ],
        ));
        let expected = json!({
            "url": "GET /orders", "connection_string": "jdbc:mysql://db.example:3306/shop", "database_type": "mysql",
            "user": "app", "sanitized_query": "SELECT ?",
        });
        assert_eq!((&old["sql"], &old["name"]), (&expected, &json!("shop@db.example")));
        assert_eq!(old["metadata"].get("default"), None);
        let new = document(span(
            SpanKind::Client,
            [
                ("db.system.name", any("microsoft.sql_server")),
                ("server.address", any("db")),
                ("db.namespace", any("shop")),
                ("db.query.text", any("SELECT ?")),
            ],
        ));
        let expected = json!({
            "url": "GET /orders", "connection_string": "db/shop", "database_type": "microsoft.sql_server",
            "sanitized_query": "SELECT ?",
        });
        assert_eq!((&new["sql"], &new["namespace"]), (&expected, &json!("remote")));
    }

    #[test]
    fn a_database_without_a_place_is_on_this_machine() {
        let call = document(span(SpanKind::Client, [("db.system", any("sqlite"))]));
        assert_eq!(call["sql"]["connection_string"], "localhost/");
    }

    #[test]
    fn other_databases_stay_metadata() {
        let call =
            document(span(SpanKind::Client, [("db.system", any("redis")), ("db.statement", any("GET a"))]));
        assert_eq!(call.get("sql"), None);
        assert_eq!(call["metadata"]["default"], json!({"db.system": "redis", "db.statement": "GET a"}));
    }
}
