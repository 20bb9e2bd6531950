//! What is read, and that it can be written again.

use proptest::prelude::*;

use super::generate;
use crate::filter::FilterExpression;
use crate::filter::completion::completions;
use crate::filter::keyword::Scope;

fn printed(text: &str) -> String {
    FilterExpression::parse(text).unwrap_or_else(|error| panic!("{error:#}")).to_string()
}

#[test]
fn and_binds_tighter_than_or_and_conditions_side_by_side_are_joined_by_and() {
    assert_eq!(printed("fault OR error AND user = \"bob\""), "fault OR (error AND user = \"bob\")");
    assert_eq!(printed("ok !partial duration <3"), "ok AND !partial AND duration < 3");
    assert_eq!(printed("ok OR fault error OR partial"), "ok OR (fault AND error) OR partial");
    assert_eq!(printed("(ok or fault)and error"), "(ok OR fault) AND error");
}

#[test]
fn a_negation_means_the_next_condition_with_its_comparison() {
    assert_eq!(printed("!http.status = 200 ok"), "!(http.status = 200) AND ok");
    assert_eq!(printed("!!ok"), "!!ok");
    assert_eq!(printed("!service(\"a\"){fault}"), "!service(\"a\") { fault }");
}

#[test]
fn words_are_read_in_any_case_and_printed_in_one() {
    assert_eq!(
        printed("responseTime>2 and Http.Method contains \"x\""),
        "responsetime > 2 AND http.method CONTAINS \"x\""
    );
    assert_eq!(printed("OK = TRUE or Fault != true"), "ok OR fault = false");
    assert_eq!(printed("Annotation[aws:api_stage] = \"prod\""), "annotation[aws:api_stage] = \"prod\"");
    assert_eq!(printed("RootCause.Fault.Entity { REMOTE }"), "rootcause.fault.entity { remote }");
    assert_eq!(printed("annotation.ColdStart"), "annotation.ColdStart");
}

#[test]
fn a_word_may_stand_for_a_text_where_a_text_belongs() {
    assert_eq!(printed("user = alice"), "user = \"alice\"");
    assert_eq!(printed("http.clientip = 10.0.0.1"), "http.clientip = \"10.0.0.1\"");
    assert_eq!(printed("service() { name = traces }"), "service() { name = \"traces\" }");
    assert_eq!(printed("annotation.state = on"), "annotation.state = \"on\"");
    assert_eq!(printed("annotation.state = true"), "annotation.state = true");
}

#[test]
fn services_are_named_by_any_part_of_their_id_in_any_order() {
    let id = "service(id(account.id:\"123456789012\" , type: \"AWS::Lambda\",name:\"x\"))";
    assert_eq!(printed(id), "service(id(name: \"x\", type: \"AWS::Lambda\", account.id: \"123456789012\"))");
    assert_eq!(printed("service(id(name: \"x\"))"), "service(\"x\")");
    assert_eq!(printed("edge(\"a\",id(type:\"b\"))"), "edge(\"a\", id(type: \"b\"))");
}

#[test]
fn keys_and_texts_keep_their_letters() {
    assert_eq!(printed(r#"annotation["a]b"] = "x \"y\" \\z""#), r#"annotation["a]b"] = "x \"y\" \\z""#);
    assert_eq!(printed("annotation.5xx"), "annotation.5xx");
    assert_eq!(printed("annotation[a.b] > -1.5e3"), "annotation[a.b] > -1500");
}

#[test]
fn a_blank_expression_is_printed_as_nothing() {
    for text in ["", "  \n\t "] {
        assert_eq!(printed(text), "");
    }
}

#[test]
fn the_largest_expression_is_read_on_a_small_stack() {
    let deep = format!("{}ok{}", "(!".repeat(32), ")".repeat(32));
    assert_eq!(printed(&deep), format!("{}ok", "!".repeat(32)));
    let long = "ok ".repeat(5461);
    assert_eq!(FilterExpression::parse(&long).unwrap().to_string().matches("AND").count(), 5460);
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text: String, scraps in generate::scraps(), cursor: usize) {
        for text in [text.as_str(), scraps.as_str()] {
            for scope in [Scope::Trace, Scope::ServiceGraph] {
                let cursor = cursor % (text.len() + 1);
                let completions = completions(text, cursor, scope);
                prop_assert!(text.get(completions.replaced).is_some());
            }
            match FilterExpression::parse(text) {
                Ok(filter) => prop_assert_eq!(FilterExpression::parse(&filter.to_string()), Ok(filter)),
                Err(error) => {
                    prop_assert!(text.get(error.span()).is_some());
                    let line = error.to_string();
                    prop_assert!(!line.contains(char::is_control), "{}", line);
                    prop_assert_eq!(format!("{error:#}").lines().count(), 3 + usize::from(error.help().is_some()));
                }
            }
        }
    }

    #[test]
    fn what_is_printed_is_read_as_the_same_expression(expression in generate::expression()) {
        let printed = expression.to_string();
        let read = FilterExpression::parse(&printed);
        prop_assert_eq!(read.map(|filter| filter.expression), Ok(Some(expression)), "{}", printed);
    }

    /// A proposed word is one that may stand there: what is wrong then, if anything, is behind it.
    #[test]
    fn what_is_proposed_can_be_read_there(expression in generate::expression(), cut: prop::sample::Index) {
        let text = expression.to_string();
        let at = cut.index(text.len() + 1);
        let completions = completions(&text, at, Scope::Trace);
        let before = &text[..completions.replaced.start];
        for word in completions.words {
            let completed = format!("{before}{} ", word.text);
            if let Err(error) = FilterExpression::parse(&completed) {
                let end = completed.trim_end().len();
                prop_assert!(error.span().start >= end, "{completed:?} {error}");
            }
        }
    }

    #[test]
    fn equal_expressions_are_equal_however_they_are_written(expression in generate::expression()) {
        let spaced = expression.to_string();
        let filter = FilterExpression::parse(&format!("  ( {spaced} )\n")).unwrap();
        prop_assert_eq!(&filter, &FilterExpression::parse(&spaced).unwrap());
    }
}
