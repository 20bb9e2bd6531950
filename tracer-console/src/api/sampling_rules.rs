//! The sampling rules: which requests tracers record, and how many of them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::epoch_seconds::EpochSeconds;
use super::error::{ApiError, ErrorKind};
use super::request::Request;
use super::response::Response;
use super::sampling_rule::{DEFAULT, Matches, SamplingRateBoost, SamplingRule};
use super::settings::Settings;
use super::tag::{self, Tag};
use super::{Api, next_token};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SamplingRuleRecord {
    sampling_rule: SamplingRule,
    created_at: EpochSeconds,
    modified_at: EpochSeconds,
}

/// A rule as it is kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct KeptRule {
    #[serde(flatten)]
    record: SamplingRuleRecord,
    #[serde(default)]
    tags: Vec<Tag>,
}

/// A request that names a rule by its name or by its ARN.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RuleNamed {
    rule_name: Option<String>,
    #[serde(rename = "RuleARN")]
    rule_arn: Option<String>,
}

/// A rule that shall be made.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct NewRule {
    #[serde(flatten)]
    named: RuleNamed,
    #[serde(flatten)]
    matches: Matches,
    priority: i64,
    fixed_rate: f64,
    reservoir_size: i64,
    version: i64,
    sampling_rate_boost: Option<SamplingRateBoost>,
}

/// What an update may change; what is absent stays.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SamplingRuleUpdate {
    #[serde(flatten)]
    named: RuleNamed,
    #[serde(rename = "ResourceARN")]
    resource_arn: Option<String>,
    priority: Option<i64>,
    fixed_rate: Option<f64>,
    reservoir_size: Option<i64>,
    service_name: Option<String>,
    service_type: Option<String>,
    host: Option<String>,
    #[serde(rename = "HTTPMethod")]
    http_method: Option<String>,
    #[serde(rename = "URLPath")]
    url_path: Option<String>,
    attributes: Option<BTreeMap<String, String>>,
    sampling_rate_boost: Option<SamplingRateBoost>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct RecordAnswer<'a> {
    sampling_rule_record: &'a SamplingRuleRecord,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct RecordsAnswer {
    sampling_rule_records: Vec<SamplingRuleRecord>,
}

const RULES: Settings<KeptRule> = Settings::of("sampling-rule");
/// When a rule was last made, changed or deleted.
const MODIFIED: Settings<EpochSeconds> = Settings::of("sampling-rules-modified");
/// X-Ray has so many beside the default one (fact sheet 1.12).
const MOST: usize = 25;

pub(super) fn create_sampling_rule(api: &Api, request: &Request) -> Result<Response, ApiError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Input {
        sampling_rule: NewRule,
        tags: Option<Vec<Tag>>,
    }
    let Input { sampling_rule: new, tags } = request.read()?;
    let rule_name = new.named.name(api)?;
    let _changing = api.changing();
    let known = all(api)?;
    if known.iter().any(|kept| kept.record.sampling_rule.rule_name == rule_name) {
        return Err(ApiError::invalid(format!("A sampling rule named {rule_name} already exists")));
    }
    if known.len() > MOST {
        let message = format!("there are {MOST} sampling rules already; delete one that is not needed");
        return Err(ApiError::new(ErrorKind::RuleLimitExceeded, message));
    }
    let sampling_rule = SamplingRule {
        rule_arn: arn_of(api, &rule_name),
        rule_name,
        matches: new.matches,
        priority: new.priority,
        fixed_rate: new.fixed_rate,
        reservoir_size: new.reservoir_size,
        version: new.version,
        sampling_rate_boost: new.sampling_rate_boost,
    };
    let now = EpochSeconds::now();
    let record = SamplingRuleRecord { sampling_rule, created_at: now, modified_at: now };
    let mut kept = KeptRule { record, tags: Vec::new() };
    tag::add(&kept.record.sampling_rule.rule_arn, &mut kept.tags, tags.unwrap_or_default())?;
    keep(api, &kept)
}

pub(super) fn update_sampling_rule(api: &Api, request: &Request) -> Result<Response, ApiError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Input {
        sampling_rule_update: SamplingRuleUpdate,
    }
    let update = request.read::<Input>()?.sampling_rule_update;
    let _changing = api.changing();
    let mut kept = find(api, &update.named)?;
    if kept.record.sampling_rule.rule_name == DEFAULT && update.changes_more_than_rates() {
        return Err(ApiError::invalid("of the rule Default only FixedRate and ReservoirSize can be changed"));
    }
    update.apply(&mut kept.record.sampling_rule);
    kept.record.modified_at = EpochSeconds::now();
    keep(api, &kept)
}

pub(super) fn delete_sampling_rule(api: &Api, request: &Request) -> Result<Response, ApiError> {
    let named: RuleNamed = request.read()?;
    let _changing = api.changing();
    let kept = find(api, &named)?;
    let name = &kept.record.sampling_rule.rule_name;
    if name == DEFAULT {
        return Err(ApiError::invalid("the rule Default cannot be deleted"));
    }
    RULES.forget(&*api.store, name)?;
    MODIFIED.put(&*api.store, "last", &EpochSeconds::now())?;
    Response::of(&RecordAnswer { sampling_rule_record: &kept.record })
}

pub(super) fn get_sampling_rules(api: &Api, request: &Request) -> Result<Response, ApiError> {
    next_token::refuse(request)?;
    let mut records: Vec<_> = all(api)?.into_iter().map(|kept| kept.record).collect();
    records.sort_by(|one, other| one.sampling_rule.order().cmp(&other.sampling_rule.order()));
    Response::of(&RecordsAnswer { sampling_rule_records: records })
}

/// All rules of now.
pub(super) fn rules(api: &Api) -> Result<Vec<SamplingRule>, ApiError> {
    Ok(all(api)?.into_iter().map(|kept| kept.record.sampling_rule).collect())
}

/// When rules changed last; the epoch where they never did.
pub(super) fn last_modification(api: &Api) -> Result<EpochSeconds, ApiError> {
    Ok(MODIFIED.find(&*api.store, "last")?.unwrap_or(EpochSeconds::ZERO))
}

/// Changes the tags of the rule with this ARN; `None` where there is none.
pub(super) fn with_tags<T>(
    api: &Api,
    arn: &str,
    change: impl FnOnce(&mut Vec<Tag>) -> Result<T, ApiError>,
) -> Result<Option<T>, ApiError> {
    let Some(mut kept) = all(api)?.into_iter().find(|kept| kept.record.sampling_rule.rule_arn == arn) else {
        return Ok(None);
    };
    let before = kept.tags.clone();
    let changed = change(&mut kept.tags)?;
    if kept.tags != before {
        RULES.put(&*api.store, &kept.record.sampling_rule.rule_name, &kept)?;
    }
    Ok(Some(changed))
}

/// Checks and keeps a rule.
fn keep(api: &Api, kept: &KeptRule) -> Result<Response, ApiError> {
    kept.record.sampling_rule.check()?;
    RULES.put(&*api.store, &kept.record.sampling_rule.rule_name, kept)?;
    MODIFIED.put(&*api.store, "last", &kept.record.modified_at)?;
    Response::of(&RecordAnswer { sampling_rule_record: &kept.record })
}

fn all(api: &Api) -> Result<Vec<KeptRule>, ApiError> {
    let mut all: Vec<_> = RULES.all(&*api.store)?.into_iter().map(|(_, kept)| kept).collect();
    if !all.iter().any(|kept| kept.record.sampling_rule.rule_name == DEFAULT) {
        all.push(KeptRule { record: default_rule(api), tags: Vec::new() });
    }
    Ok(all)
}

fn find(api: &Api, named: &RuleNamed) -> Result<KeptRule, ApiError> {
    let name = named.name(api)?;
    let found = all(api)?.into_iter().find(|kept| kept.record.sampling_rule.rule_name == name);
    found.ok_or_else(|| ApiError::invalid(format!("Sampling rule not found: {name}")))
}

fn default_rule(api: &Api) -> SamplingRuleRecord {
    let sampling_rule = SamplingRule::default_of(arn_of(api, DEFAULT));
    SamplingRuleRecord { sampling_rule, created_at: EpochSeconds::ZERO, modified_at: EpochSeconds::ZERO }
}

fn arn_of(api: &Api, name: &str) -> String {
    api.arn(&format!("sampling-rule/{name}"))
}

impl RuleNamed {
    /// The name that is meant.
    fn name(&self, api: &Api) -> Result<String, ApiError> {
        match (&self.rule_name, &self.rule_arn) {
            (Some(name), None) => Ok(name.clone()),
            (None, Some(arn)) => match arn.strip_prefix(&arn_of(api, "")) {
                Some(name) => Ok(name.to_owned()),
                None => {
                    Err(ApiError::invalid(format!("RuleARN {arn:?} is not like {}", arn_of(api, "my-rule"))))
                }
            },
            _ => Err(ApiError::invalid("one of RuleName and RuleARN is required, and not both")),
        }
    }
}

impl SamplingRuleUpdate {
    fn changes_more_than_rates(&self) -> bool {
        let texts = [
            &self.resource_arn,
            &self.service_name,
            &self.service_type,
            &self.host,
            &self.http_method,
            &self.url_path,
        ];
        texts.into_iter().any(Option::is_some)
            || self.priority.is_some()
            || self.attributes.is_some()
            || self.sampling_rate_boost.is_some()
    }

    fn apply(self, rule: &mut SamplingRule) {
        fn put<T>(member: &mut T, value: Option<T>) {
            if let Some(value) = value {
                *member = value;
            }
        }
        put(&mut rule.matches.resource_arn, self.resource_arn);
        put(&mut rule.matches.service_name, self.service_name);
        put(&mut rule.matches.service_type, self.service_type);
        put(&mut rule.matches.host, self.host);
        put(&mut rule.matches.http_method, self.http_method);
        put(&mut rule.matches.url_path, self.url_path);
        put(&mut rule.matches.attributes, self.attributes);
        put(&mut rule.priority, self.priority);
        put(&mut rule.fixed_rate, self.fixed_rate);
        put(&mut rule.reservoir_size, self.reservoir_size);
        rule.sampling_rate_boost = self.sampling_rate_boost.or(rule.sampling_rate_boost);
    }
}

#[cfg(test)]
#[path = "sampling_rules_tests.rs"]
mod tests;
