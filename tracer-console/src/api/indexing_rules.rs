//! Indexing rules: how many spans X-Ray indexes for search. Here every trace is indexed, and the rule says so.

use serde::{Deserialize, Serialize};

use super::epoch_seconds::EpochSeconds;
use super::error::ApiError;
use super::request::Request;
use super::response::Response;
use super::settings::Settings;
use super::{Api, next_token};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct IndexingRule {
    name: String,
    modified_at: EpochSeconds,
    rule: Rule,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Rule {
    probabilistic: Probabilistic,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Probabilistic {
    desired_sampling_percentage: f64,
    #[serde(default = "all")]
    actual_sampling_percentage: f64,
}

const RULES: Settings<IndexingRule> = Settings::of("indexing-rule");
/// The only rule.
const DEFAULT: &str = "Default";

/// What is really indexed, in percent.
fn all() -> f64 {
    100.0
}

pub(super) fn get_indexing_rules(api: &Api, request: &Request) -> Result<Response, ApiError> {
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Output {
        indexing_rules: [IndexingRule; 1],
    }
    next_token::refuse(request)?;
    // X-Ray indexes 1 % unless told otherwise.
    let default = || IndexingRule::of(1.0, EpochSeconds::ZERO);
    let rule = RULES.find(&*api.store, DEFAULT)?.unwrap_or_else(default);
    Response::of(&Output { indexing_rules: [rule] })
}

pub(super) fn update_indexing_rule(api: &Api, request: &Request) -> Result<Response, ApiError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Input {
        name: String,
        rule: Rule,
    }
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Output {
        indexing_rule: IndexingRule,
    }
    let Input { name, rule } = request.read()?;
    if name != DEFAULT {
        return Err(ApiError::not_found(&name));
    }
    let desired = rule.probabilistic.desired_sampling_percentage;
    if !(0.0..=100.0).contains(&desired) {
        return Err(ApiError::invalid("DesiredSamplingPercentage is 0 to 100"));
    }
    let indexing_rule = IndexingRule::of(desired, EpochSeconds::now());
    RULES.put(&*api.store, DEFAULT, &indexing_rule)?;
    Response::of(&Output { indexing_rule })
}

impl IndexingRule {
    fn of(desired_sampling_percentage: f64, modified_at: EpochSeconds) -> Self {
        let probabilistic = Probabilistic { desired_sampling_percentage, actual_sampling_percentage: all() };
        Self { name: DEFAULT.to_owned(), modified_at, rule: Rule { probabilistic } }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::testing::Home;

    #[test]
    fn the_rule_is_kept_and_everything_is_indexed_all_the_same() {
        let home = Home::new();
        let percentages =
            || home.ok("GetIndexingRules", json!({}))["IndexingRules"][0]["Rule"]["Probabilistic"].clone();
        assert_eq!(
            percentages(),
            json!({"DesiredSamplingPercentage": 1.0, "ActualSamplingPercentage": 100.0})
        );
        let update = |name: &str, percentage: Value| json!({"Name": name, "Rule": {"Probabilistic": {"DesiredSamplingPercentage": percentage}}});
        home.ok("UpdateIndexingRule", update("Default", json!(5)));
        assert_eq!(percentages()["DesiredSamplingPercentage"], 5.0);
        home.error("UpdateIndexingRule", update("Default", json!(101)));
        let unknown = home.call("UpdateIndexingRule", &update("other", json!(5))).unwrap_err();
        assert_eq!(unknown.kind.name(), "ResourceNotFoundException");
    }
}
