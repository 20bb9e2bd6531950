use serde_json::{Value, json};

use super::super::testing::{Home, sampling_rule};

fn rule(name: &str) -> Value {
    json!({"SamplingRule": sampling_rule(name)})
}

#[test]
fn the_default_rule_is_there_and_only_its_rates_change() {
    let home = Home::new();
    let records = home.ok("GetSamplingRules", json!({}));
    let default = &records["SamplingRuleRecords"][0];
    assert_eq!(default["CreatedAt"], 0.0);
    let rule = &default["SamplingRule"];
    assert_eq!((&rule["RuleName"], &rule["Priority"]), (&json!("Default"), &json!(10_000)));
    assert_eq!((&rule["FixedRate"], &rule["ReservoirSize"]), (&json!(0.05), &json!(1)));
    let update =
        |member: &str, value: Value| json!({"SamplingRuleUpdate": {"RuleName": "Default", member: value}});
    let updated = home.ok("UpdateSamplingRule", update("FixedRate", json!(1.0)));
    assert_eq!(updated["SamplingRuleRecord"]["SamplingRule"]["FixedRate"], 1.0);
    assert!(home.error("UpdateSamplingRule", update("Host", json!("x"))).contains("only FixedRate"));
    assert!(home.error("UpdateSamplingRule", update("Priority", json!(1))).contains("only FixedRate"));
    assert!(home.error("DeleteSamplingRule", json!({"RuleName": "Default"})).contains("cannot be deleted"));
    assert_eq!(home.ok("GetSamplingRules", json!({}))["SamplingRuleRecords"].as_array().unwrap().len(), 1);
}

#[test]
fn a_rule_is_created_changed_and_deleted_and_each_time_that_is_told() {
    let home = Home::new();
    let modified = || {
        let asked = json!({"SamplingStatisticsDocuments": []});
        home.ok("GetSamplingTargets", asked)["LastRuleModification"].as_f64().unwrap()
    };
    assert_eq!(modified(), 0.0);
    let created = home.ok("CreateSamplingRule", rule("orders"));
    assert!(modified() > 0.0);
    let arn = &created["SamplingRuleRecord"]["SamplingRule"]["RuleARN"];
    assert_eq!(created["SamplingRuleRecord"]["SamplingRule"]["Attributes"], json!({}));
    let update = json!({"SamplingRuleUpdate": {"RuleARN": arn, "URLPath": "/orders/*", "ReservoirSize": 7}});
    let updated = home.ok("UpdateSamplingRule", update)["SamplingRuleRecord"]["SamplingRule"].clone();
    assert_eq!((&updated["URLPath"], &updated["ReservoirSize"]), (&json!("/orders/*"), &json!(7)));
    assert_eq!(updated["FixedRate"], created["SamplingRuleRecord"]["SamplingRule"]["FixedRate"]);
    let deleted = home.ok("DeleteSamplingRule", json!({"RuleName": "orders"}));
    assert_eq!(deleted["SamplingRuleRecord"]["SamplingRule"], updated);
    assert!(home.error("DeleteSamplingRule", json!({"RuleName": "orders"})).contains("not found: orders"));
}

#[test]
fn rules_come_by_priority_and_then_by_name() {
    let home = Home::new();
    for (name, priority) in [("b", 5), ("c", 1), ("a", 5)] {
        let mut rule = rule(name);
        rule["SamplingRule"]["Priority"] = json!(priority);
        home.ok("CreateSamplingRule", rule);
    }
    let records = home.ok("GetSamplingRules", json!({}));
    let records = records["SamplingRuleRecords"].as_array().unwrap();
    let names: Vec<_> = records.iter().map(|record| &record["SamplingRule"]["RuleName"]).collect();
    assert_eq!(names, ["c", "a", "b", "Default"]);
}

#[test]
fn what_a_rule_may_not_be_is_refused() {
    let home = Home::new();
    for (member, value) in [
        ("RuleName", json!("x".repeat(33))),
        ("RuleARN", json!("arn:aws:xray:us-east-1:123456789012:sampling-rule/x")),
        ("Priority", json!(0)),
        ("Priority", json!(10_000)),
        ("FixedRate", json!(1.5)),
        ("ReservoirSize", json!(-1)),
        ("Version", json!(2)),
        ("Host", json!("h".repeat(65))),
        ("Host", Value::Null),
        ("Attributes", json!({"key": ""})),
        ("SamplingRateBoost", json!({"MaxRate": 2, "CooldownWindowMinutes": 1})),
    ] {
        let mut rule = rule("orders");
        rule["SamplingRule"][member] = value;
        let error = home.error("CreateSamplingRule", rule);
        assert!(!error.is_empty(), "{member}");
    }
    home.ok("CreateSamplingRule", rule("orders"));
    assert!(home.error("CreateSamplingRule", rule("orders")).contains("already exists"));
}

#[test]
fn a_rule_may_be_made_by_its_arn_and_there_are_at_most_25() {
    let home = Home::new();
    for number in 0..25 {
        let mut rule = rule("");
        rule["SamplingRule"].as_object_mut().unwrap().remove("RuleName");
        rule["SamplingRule"]["RuleARN"] = json!(home.api.arn(&format!("sampling-rule/r{number}")));
        let created = home.ok("CreateSamplingRule", rule);
        assert_eq!(created["SamplingRuleRecord"]["SamplingRule"]["RuleName"], format!("r{number}"));
    }
    let refused = home.call("CreateSamplingRule", &rule("more")).unwrap_err();
    assert_eq!(refused.kind.name(), "RuleLimitExceededException");
}
