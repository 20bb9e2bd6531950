//! What is refused, with the words that say why.

use crate::filter::keyword::Scope;
use crate::filter::{FilterErrorKind, FilterExpression, TimeSeriesSelector, parser};

#[test]
fn every_mistake_is_refused_with_its_place_and_a_way_out() {
    use FilterErrorKind::{Syntax, UnknownWord, WrongScope, WrongType};
    #[rustfmt::skip]
    let cases = [
        (r#"responsetime CONTAINS "1""#, WrongType, "CONTAINS", "`responsetime` is a number; `CONTAINS` does not apply to it; use = != < <= > >="),
        ("fault > 1", WrongType, ">", "`fault` is true or false; `>` does not apply to it; use = !="),
        ("user > 5", WrongType, ">", "`user` is a text; `>` does not apply to it; use = != CONTAINS BEGINSWITH ENDSWITH"),
        ("http.method = 5", WrongType, "5", r#"`http.method` is a text, not a number; put it in double quotes: "5""#),
        ("http.method = true", WrongType, "true", r#"`http.method` is a text, not `true`; put it in double quotes: "true""#),
        ("fault = 1", WrongType, "1", "`fault` is true or false, not a number; write `fault`, `!fault` or `fault = true`"),
        (r#"fault = "true""#, WrongType, r#""true""#, "`fault` is true or false, not a text; write `fault`, `!fault` or `fault = true`"),
        (r#"responsetime > "2.5""#, WrongType, r#""2.5""#, "`responsetime` is a number, not a text; write 2.5 without quotes and unit"),
        ("responsetime > 3s", WrongType, "3s", "`responsetime` is a number, not `3s`; times are in seconds: write 3"),
        ("duration > 500ms", WrongType, "500ms", "`duration` is a number, not `500ms`; times are in seconds: write 0.5"),
        (r#"duration > "250 µs""#, WrongType, r#""250 µs""#, "`duration` is a number, not a text; times are in seconds: write 0.00025"),
        (r#"service("a") { responsetime > 1.5m }"#, WrongType, "1.5m", "`responsetime` is a number, not `1.5m`; times are in seconds: write 90"),
        ("http.status = 500ms", WrongType, "500ms", "`http.status` is a number, not `500ms`; write 500 without quotes and unit"),
        ("duration > 0x10", WrongType, "0x10", "`duration` is a number, not `0x10`; write a number without quotes and unit, such as 2.5"),
        ("responsetime = slow", WrongType, "slow", "`responsetime` is a number, not `slow`; write a number without quotes and unit, such as 2.5"),
        ("http.status = 5xx", WrongType, "5xx", "`http.status` is a number, not `5xx`; write http.status >= 500"),
        (r#"annotation.count > "12""#, WrongType, r#""12""#, "`>` compares with a number, not with a text; write 12 without quotes and unit"),
        ("annotation.tenant CONTAINS 5", WrongType, "5", r#"`CONTAINS` compares with a text, not with a number; put it in double quotes: "5""#),
        ("annotation.tenant < true", WrongType, "true", "`<` compares with a number, not with `true`; write a number without quotes and unit, such as 2.5"),
        ("response_time > 1", UnknownWord, "response_time", "unknown keyword `response_time`; did you mean `responsetime`?"),
        ("ok falut", UnknownWord, "falut", "unknown keyword `falut`; did you mean `fault`?"),
        ("latency > 2", UnknownWord, "latency", "unknown keyword `latency`; did you mean `responsetime`?"),
        ("coldstart", UnknownWord, "coldstart", "unknown keyword `coldstart`; tracers write it as an annotation: annotation.ColdStart"),
        ("NOT ok", UnknownWord, "NOT", "unknown keyword `NOT`; negate with `!`"),
        (r#"tenant = "acme""#, UnknownWord, "tenant", "unknown keyword `tenant`; if it is an annotation, write annotation.tenant"),
        (r#"service("web") { resposnetime > 1 }"#, UnknownWord, "resposnetime", "unknown keyword `resposnetime`; did you mean `responsetime`?"),
        ("rootcause.falut.service", UnknownWord, "rootcause.falut.service", "unknown root cause selector `rootcause.falut.service`; did you mean `rootcause.fault.service`?"),
        ("rootcause.responsetime.exception", UnknownWord, "rootcause.responsetime.exception", "unknown root cause selector `rootcause.responsetime.exception`; did you mean `rootcause.responsetime.entity`?"),
        ("rootcause", UnknownWord, "rootcause", "unknown root cause selector `rootcause`; there are rootcause.fault.service, rootcause.fault.entity, rootcause.fault.exception, rootcause.error.service, rootcause.error.entity, rootcause.error.exception, rootcause.responsetime.service, rootcause.responsetime.entity, rootcause.json"),
        (r#"service("web") { annotation.tenant = "acme" }"#, WrongScope, "annotation.tenant", "`annotation` may not stand inside service(...) { }; annotations belong to the whole trace: write it beside the block, joined with AND"),
        (r#"service("web") { service("x") }"#, WrongScope, "service", "`service(...)` may not stand inside service(...) { }; write it beside the block, joined with AND"),
        (r#"edge("a", "b") { rootcause.fault.service }"#, WrongScope, "rootcause.fault.service", "a root cause selector may not stand inside edge(...) { }; write it beside the block, joined with AND"),
        (r#"service("web") { group.name = "slow" }"#, WrongScope, "group.name", "`group.name` may not stand inside service(...) { }; it may stand outside of every block"),
        ("root", WrongScope, "root", "`root` may not stand outside of every block; it may stand inside service(...) { } or inside edge(...) { }"),
        ("coverage > 0.5", WrongScope, "coverage", "`coverage` may not stand outside of every block; it may stand inside rootcause.responsetime.entity { }"),
        ("rootcause.fault.entity { coverage > 0.5 }", WrongScope, "coverage", "`coverage` may not stand inside rootcause.*.entity { }; it may stand inside rootcause.responsetime.entity { }"),
        (r#"rootcause.fault.service { message = "x" }"#, WrongScope, "message", "`message` may not stand inside rootcause.*.service { }; it may stand inside rootcause.*.exception { }"),
        (r#"id(name: "x")"#, WrongScope, "id", "`id(...)` may not stand outside of every block; it names a service within service(...) or edge(...)"),
        (r#"service("a" { fault }"#, Syntax, "{", "expected `)`, found `{`"),
        (r#"service("a") { fault"#, Syntax, "", "expected an operator (= !=), AND, OR, a condition or `}`, but the expression ends here; `{` at character 14 is not closed"),
        ("(ok", Syntax, "", "expected an operator (= !=), AND, OR, a condition or `)`, but the expression ends here; `(` at character 1 is not closed"),
        ("(ok AND (fault OR error)", Syntax, "", "expected AND, OR, a condition or `)`, but the expression ends here; `(` at character 1 is not closed"),
        ("ok)", Syntax, ")", "expected an operator (= !=), AND, OR, a condition or the end, found `)`"),
        (r#"service("a") { fault }}"#, Syntax, "}", "expected AND, OR, a condition or the end, found `}`"),
        ("service(web)", Syntax, "web", r#"expected a text in double quotes, id or `)`, found `web`; put the name in double quotes: "web""#),
        (r#"service("a", "b")"#, Syntax, ",", "expected `)`, found `,`"),
        (r#"edge("a")"#, Syntax, ")", "expected `,`, found `)`"),
        ("edge()", Syntax, ")", "expected a text in double quotes or id, found `)`"),
        ("service(id())", Syntax, ")", "expected name, type or account.id, found `)`"),
        (r#"service(id(name: "a", name: "b"))"#, Syntax, "name", "expected type or account.id, found `name`"),
        ("service(id(name: web))", Syntax, "web", r#"expected a text in double quotes, found `web`; put the name in double quotes: "web""#),
        (r#"service(id(naem: "web"))"#, Syntax, "naem", "expected name, type or account.id, found `naem`; did you mean `name`?"),
        ("responsetime >", Syntax, "", "expected a number, but the expression ends here"),
        ("responsetime 5", Syntax, "5", "expected an operator (= != < <= > >=), AND, OR, a condition or the end, found `5`"),
        ("ok AND", Syntax, "", "expected a condition, but the expression ends here"),
        ("ok OR OR fault", Syntax, "OR", "expected a condition, found `OR`"),
        ("AND ok", Syntax, "AND", "expected a condition, found `AND`"),
        ("!", Syntax, "", "expected a condition, but the expression ends here"),
        (r#""web""#, Syntax, r#""web""#, r#"expected a condition, found `"web"`; a text alone is no condition; for a service, write service("name")"#),
        ("5", Syntax, "5", "expected a condition, found `5`"),
        ("ok == true", Syntax, "=", "expected true or false, found `=`; write a single `=`"),
        ("responsetime <> 5", Syntax, ">", "expected a number, found `>`; write `!=`"),
        (r#"user = "alice"#, Syntax, r#""alice"#, r#"this text has no closing quote; end it with "; a quote within the text is written \""#),
        ("user = 'alice'", Syntax, "'", r#"the character '\'' has no meaning here; put texts in straight double quotes: "text""#),
        ("user = alice smith", UnknownWord, "smith", "unknown keyword `smith`; put a text of several words in double quotes"),
        ("ok && fault", Syntax, "&", "the character '&' has no meaning here; write AND"),
        ("ok || fault", Syntax, "|", "the character '|' has no meaning here; write OR"),
        ("http.url = /api/*", Syntax, "/", "the character '/' has no meaning here; put texts in double quotes"),
        (r#"http.url LIKE "x""#, UnknownWord, "LIKE", "unknown keyword `LIKE`; compare with =, CONTAINS, BEGINSWITH or ENDSWITH"),
        ("annotation", Syntax, "", "expected `.key` or `[key]`, but the expression ends here"),
        ("annotation.", Syntax, "annotation.", "the annotation has no key; write annotation.key or annotation[key]"),
        ("annotation.a.b = 1", Syntax, "annotation.a.b", "the annotation key `a.b` has dots; write annotation[a.b]"),
        ("annotation[] = 1", Syntax, "[]", "there is no annotation key between the brackets; write annotation[key]"),
        ("annotation[a", Syntax, "[a", "this bracket has no closing `]`; write annotation[key]"),
        (r#"annotation = "x""#, Syntax, "=", "expected `.key` or `[key]`, found `=`"),
        ("rootcause.json", Syntax, "", "expected `=`, but the expression ends here"),
        ("rootcause.json != #[]", Syntax, "!=", "expected `=`, found `!=`"),
        ("rootcause.json = [1]", Syntax, "[1]", "expected `#[...]`, found `[1]`"),
        (r#"rootcause.json = #{"Services":[]}"#, Syntax, r#"#{"Services":[]}"#, r#"behind `#` stands no JSON array: it is something else; write rootcause.json = #[{"Services":[{"Name":"..."}]}]"#),
        (r#"rootcause.json = #[{"Services":]"#, Syntax, r#"#[{"Services":]"#, r#"behind `#` stands no JSON array: expected value at line 1 column 14; write rootcause.json = #[{"Services":[{"Name":"..."}]}]"#),
        (r#"rootcause.json = #[{"services":[]}]"#, UnknownWord, r#"#[{"services":[]}]"#, "root causes have no member `services`; did you mean `Services`?"),
        (r#"rootcause.json = #[{"Services":[{"Inferred":1}]}]"#, WrongType, r#"#[{"Services":[{"Inferred":1}]}]"#, "in a root cause, Inferred is true or false"),
        ("responsetime > 1e999", Syntax, "1e999", "this number is too large"),
        (r#"service = "x""#, Syntax, "=", r#"expected `(`, found `=`; write service("name")"#),
        ("http.", UnknownWord, "http.", "unknown keyword `http.`; there are http.status, http.url, http.method, http.useragent, http.clientip"),
        (r#"contains "x""#, Syntax, "contains", "expected a condition, found `contains`"),
        (r#"service("web") { }"#, Syntax, "}", "expected a condition, found `}`"),
        ("()", Syntax, ")", "expected a condition, found `)`"),
        ("user CONTAINS", Syntax, "", "expected a text in double quotes, but the expression ends here"),
        ("group.name > 1", WrongType, ">", "`group.name` is a text; `>` does not apply to it; use = != CONTAINS BEGINSWITH ENDSWITH"),
        ("ok, fault", Syntax, ",", "expected an operator (= !=), AND, OR, a condition or the end, found `,`"),
    ];
    for (text, kind, place, said) in cases {
        let error = FilterExpression::parse(text).unwrap_err();
        let line = error.to_string();
        let (at, message) = line.split_once(": ").unwrap();
        assert_eq!((error.kind(), &text[error.span()], message), (kind, place, said), "{text}");
        let character = text[..error.span().start].chars().count() + 1;
        assert_eq!(at, format!("Invalid filter expression at character {character}"), "{text}");
    }
}

#[test]
fn the_terminal_shows_where() {
    let error = FilterExpression::parse("service(\"a\" { fault }").unwrap_err();
    assert_eq!(format!("{error:#}"), "expected `)`, found `{`\n  service(\"a\" { fault }\n              ^");
    let error = FilterExpression::parse("ok AND http.metod = \"GET\"").unwrap_err();
    assert_eq!(
        format!("{error:#}"),
        "unknown keyword `http.metod`\n  ok AND http.metod = \"GET\"\n         ^^^^^^^^^^\nhelp: did you mean `http.method`?"
    );
}

#[test]
fn an_error_says_as_data_what_may_stand_there() {
    let expected = |text: &str| FilterExpression::parse(text).unwrap_err().expected().to_vec();
    assert_eq!(expected("user CONTAINS"), ["a text in double quotes"]);
    assert_eq!(expected("service(id(name: \"a\""), ["`,`", "`)`"]);
    assert!(expected("service() { falut }").contains(&"fault".to_owned()));
    assert!(!expected("service() { falut }").contains(&"annotation".to_owned()));
}

#[test]
fn what_nests_without_end_is_refused_before_the_stack_is_used_up() {
    for opening in ["(", "!", "!(", "service(\"a\"){", "(ok AND "] {
        let text = opening.repeat(100_000);
        let read = parser::Parser::new(&text, Scope::Trace).whole();
        assert!(read.is_err(), "{opening}");
        assert_eq!(
            FilterExpression::parse(&text).unwrap_err().kind(),
            FilterErrorKind::TooLarge,
            "{opening}"
        );
    }
    let deep = format!("{}ok{}", "(".repeat(65), ")".repeat(65));
    let error = FilterExpression::parse(&deep).unwrap_err();
    assert_eq!(
        error.to_string(),
        "Invalid filter expression at character 65: the expression nests more than 64 levels deep"
    );
}

#[test]
fn what_is_too_long_is_refused() {
    let error = FilterExpression::parse(&"ok ".repeat(5462)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "Invalid filter expression at character 1: the expression has 16386 bytes; 16384 bytes are read at most"
    );
}

#[test]
fn the_selector_of_a_time_series_has_services_or_edges_only() {
    let cases = [
        ("", "expected a condition, but the expression ends here"),
        (
            "annotation.tenant = \"acme\"",
            "`annotation` may not stand in the selector of a time series; it may use only id(), service() and edge()",
        ),
        (
            "service(\"a\") { fault }",
            "expected AND, OR, a condition or the end, found `{`; the selector of a time series has no blocks",
        ),
        (
            "fault",
            "`fault` may not stand in the selector of a time series; it may use only id(), service() and edge()",
        ),
        (
            "service(\"a\") OR edge(\"a\", \"b\")",
            "the selector means services and edges; ask for one of them at a time",
        ),
    ];
    for (text, said) in cases {
        let error = TimeSeriesSelector::parse(text).unwrap_err().to_string();
        assert_eq!(error.split_once(": ").unwrap().1, said, "{text}");
    }
    let long = format!("service(\"{}\")", "a".repeat(489));
    assert!(TimeSeriesSelector::parse(&long).is_ok());
    let longer = TimeSeriesSelector::parse(&long.replace("aa", "aaa")).unwrap_err();
    assert_eq!(longer.kind(), FilterErrorKind::TooLarge);
}
