//! Groups in expressions.

use crate::compiled::{CompiledTrace, fixtures};
use crate::filter::{FilterErrorKind, FilterExpression, Group};

fn group(name: &str, expression: &str) -> Group {
    let arn = format!("arn:aws:xray:eu-west-1:123456789012:group/{name}/1");
    Group { name: name.into(), arn, expression: FilterExpression::parse(expression).unwrap() }
}

fn kept(text: &str, groups: &[Group]) -> String {
    let filter = FilterExpression::parse(text).unwrap().with_groups(groups).unwrap();
    let is_kept = |name: &&str| filter.keeps(&CompiledTrace::of(&fixtures::trace(name)));
    ["A", "B", "C", "D", "E", "F"].into_iter().filter(is_kept).collect()
}

fn refusal(text: &str, groups: &[Group]) -> String {
    let error = FilterExpression::parse(text).unwrap().with_groups(groups).unwrap_err();
    assert_eq!(error.kind(), FilterErrorKind::Group);
    format!("{}: {error}", &text[error.span()])
}

#[test]
fn a_trace_is_in_a_group_when_its_expression_keeps_it() {
    let groups = [group("slow", "responsetime > 1"), group("failed", "fault OR error"), group("Default", "")];
    assert_eq!(kept("group.name = \"slow\"", &groups), "BD");
    assert_eq!(kept("group.name = slow OR group.name = failed", &groups), "BDE");
    assert_eq!(kept("group.arn ENDSWITH \":group/slow/1\" AND !group.name = failed", &groups), "D");
    assert_eq!(kept("group.arn = \"arn:aws:xray:eu-west-1:123456789012:group/failed/1\"", &groups), "BE");
    assert_eq!(kept("group.name != \"slow\"", &groups), "ACEF");
    assert_eq!(kept("group.name CONTAINS \"l\" !group.name BEGINSWITH \"fail\"", &groups[..2]), "D");
    assert_eq!(kept("group.name = \"Default\"", &groups), "ABCDEF");
    assert_eq!(kept("group.name", &groups[..2]), "BDE");
    assert_eq!(kept("group.name CONTAINS \"x\"", &groups), "");
}

#[test]
fn a_group_may_name_another_one() {
    let groups = [
        group("both", "group.name = slow AND group.name = failed"),
        group("slow", "responsetime > 1"),
        group("failed", "fault"),
    ];
    assert_eq!(kept("group.name = both", &groups), "B");
}

#[test]
fn a_group_that_is_not_there_is_named_with_what_was_probably_meant() {
    let groups = [group("slow", "responsetime > 1")];
    assert_eq!(
        refusal("ok AND group.name = \"slwo\"", &groups),
        "\"slwo\": Invalid filter expression at character 21: there is no group `slwo`; did you mean `slow`?"
    );
    assert_eq!(
        refusal("group.arn = \"slow\"", &[]),
        "\"slow\": Invalid filter expression at character 13: there is no group `slow`"
    );
}

#[test]
fn a_group_that_means_itself_is_refused() {
    let groups =
        [group("a", "ok OR group.name = b"), group("b", "!group.name = a"), group("c", "group.name")];
    assert_eq!(
        refusal("ok AND group.name = a", &groups),
        "a: Invalid filter expression at character 21: the group `a` means itself"
    );
    assert!(refusal("group.name = c", &groups[2..]).ends_with("the group `c` means itself"));
}

#[test]
fn groups_that_grow_beyond_all_memory_are_refused() {
    let doubled = |at: usize| {
        let before = format!("group.name = g{} ", at - 1);
        group(&format!("g{at}"), &before.repeat(10))
    };
    let mut groups = vec![group("g0", "ok")];
    groups.extend((1..8).map(doubled));
    assert!(refusal("group.name = g7", &groups).ends_with("more than 10000 parts"));
    let chained = |at: usize| group(&format!("g{at}"), &format!("group.name = g{}", at + 1));
    let chain: Vec<_> = (0..12).map(chained).collect();
    assert!(refusal("group.name = g0", &chain).ends_with("more than 8 levels deep"));
}
