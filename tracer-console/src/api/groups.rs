//! Groups: filter expressions with a name. A trace is in a group when the expression of now matches it.

use serde::{Deserialize, Serialize};

use super::error::ApiError;
use super::request::Request;
use super::response::Response;
use super::settings::Settings;
use super::tag::{self, Tag};
use super::{Api, next_token};
use crate::filter::{self, Filter, FilterExpression};

/// A group as it is answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Group {
    group_name: String,
    #[serde(rename = "GroupARN")]
    group_arn: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    filter_expression: Option<String>,
    #[serde(default)]
    insights_configuration: InsightsConfiguration,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct InsightsConfiguration {
    insights_enabled: bool,
    notifications_enabled: bool,
}

/// A group as it is kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct KeptGroup {
    #[serde(flatten)]
    group: Group,
    #[serde(default)]
    pub(super) tags: Vec<Tag>,
}

/// A request that names a group by its name, its ARN, or both.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GroupNamed {
    group_name: Option<String>,
    #[serde(rename = "GroupARN")]
    group_arn: Option<String>,
}

/// What an update may change; what is absent stays.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Change {
    filter_expression: Option<String>,
    insights_configuration: Option<InsightsChange>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct InsightsChange {
    insights_enabled: Option<bool>,
    notifications_enabled: Option<bool>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct GroupAnswer<'a> {
    group: &'a Group,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct GroupsAnswer {
    groups: Vec<Group>,
}

const GROUPS: Settings<KeptGroup> = Settings::of("group");
/// The group of all traces, which is always there.
const DEFAULT: &str = "Default";
/// X-Ray has so many beside the default one (fact sheet 1.12).
const MOST: usize = 25;

pub(super) fn create_group(api: &Api, request: &Request) -> Result<Response, ApiError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Input {
        group_name: String,
        tags: Option<Vec<Tag>>,
    }
    let Input { group_name, tags } = request.read()?;
    check_name(&group_name)?;
    let _changing = api.changing();
    let known = all(api)?;
    if known.iter().any(|kept| kept.group.group_name == group_name) {
        return Err(ApiError::invalid(format!("Group already exists: {group_name}")));
    }
    if known.len() > MOST {
        return Err(ApiError::invalid(format!(
            "there are {MOST} groups already; delete one that is not needed"
        )));
    }
    let group_arn = api.arn(&format!("group/{group_name}/{}", random_id()));
    let (filter_expression, insights_configuration) = Default::default();
    let group = Group { group_name, group_arn, filter_expression, insights_configuration };
    let mut kept = KeptGroup { group, tags: Vec::new() };
    tag::add(&kept.group.group_arn, &mut kept.tags, tags.unwrap_or_default())?;
    change(api, known, kept, request.read()?)
}

pub(super) fn update_group(api: &Api, request: &Request) -> Result<Response, ApiError> {
    let named: GroupNamed = request.read()?;
    let wanted: Change = request.read()?;
    let _changing = api.changing();
    let mut known = all(api)?;
    let at = find(&known, &named)?;
    if known[at].group.group_name == DEFAULT && wanted.filter_expression.is_some() {
        return Err(ApiError::invalid("the group Default is of all traces: it has no FilterExpression"));
    }
    let kept = known.remove(at);
    change(api, known, kept, wanted)
}

pub(super) fn delete_group(api: &Api, request: &Request) -> Result<Response, ApiError> {
    let named: GroupNamed = request.read()?;
    let _changing = api.changing();
    let known = all(api)?;
    let group = &known[find(&known, &named)?].group;
    if group.group_name == DEFAULT {
        return Err(ApiError::invalid("the group Default cannot be deleted"));
    }
    GROUPS.forget(&*api.store, &group.group_name)?;
    Ok(Response::empty())
}

pub(super) fn get_group(api: &Api, request: &Request) -> Result<Response, ApiError> {
    let known = all(api)?;
    let at = find(&known, &request.read()?)?;
    Response::of(&GroupAnswer { group: &known[at].group })
}

pub(super) fn get_groups(api: &Api, request: &Request) -> Result<Response, ApiError> {
    next_token::refuse(request)?;
    let groups = all(api)?.into_iter().map(|kept| kept.group).collect();
    Response::of(&GroupsAnswer { groups })
}

/// The filter of the group that a request names; `None` where it names none, or the one of all traces.
pub(super) fn filter_named(api: &Api, request: &Request) -> Result<Option<Filter>, ApiError> {
    let named: GroupNamed = request.read()?;
    if named.group_name.is_none() && named.group_arn.is_none() {
        return Ok(None);
    }
    let known = all(api)?;
    let group = &known[find(&known, &named)?].group;
    let Some(expression) = &group.filter_expression else { return Ok(None) };
    filter(expression, &known).map(Some)
}

/// The filter that an expression is, with the groups of now in the place of their names.
pub(super) fn filter_of(api: &Api, expression: &str) -> Result<Filter, ApiError> {
    filter(expression, &all(api)?)
}

/// That a request names a group that exists, if it names one.
pub(super) fn check_named(api: &Api, request: &Request) -> Result<(), ApiError> {
    filter_named(api, request).map(drop)
}

/// Changes the tags of the group with this ARN; `None` where there is none.
pub(super) fn with_tags<T>(
    api: &Api,
    arn: &str,
    change: impl FnOnce(&mut Vec<Tag>) -> Result<T, ApiError>,
) -> Result<Option<T>, ApiError> {
    let Some(mut kept) = all(api)?.into_iter().find(|kept| kept.group.group_arn == arn) else {
        return Ok(None);
    };
    let before = kept.tags.clone();
    let changed = change(&mut kept.tags)?;
    if kept.tags != before {
        GROUPS.put(&*api.store, &kept.group.group_name, &kept)?;
    }
    Ok(Some(changed))
}

/// All groups, the default one first.
fn all(api: &Api) -> Result<Vec<KeptGroup>, ApiError> {
    let kept = GROUPS.all(&*api.store)?.into_iter().map(|(_, kept)| kept);
    let (mut all, others): (Vec<_>, Vec<_>) = kept.partition(|kept| kept.group.group_name == DEFAULT);
    if all.is_empty() {
        let group_arn = api.arn(&format!("group/{DEFAULT}"));
        let (filter_expression, insights_configuration) = Default::default();
        let group =
            Group { group_name: DEFAULT.to_owned(), group_arn, filter_expression, insights_configuration };
        all.push(KeptGroup { group, tags: Vec::new() });
    }
    all.extend(others);
    Ok(all)
}

fn find(known: &[KeptGroup], named: &GroupNamed) -> Result<usize, ApiError> {
    let asked = match (&named.group_name, &named.group_arn) {
        (Some(name), _) => name,
        (None, Some(arn)) => arn,
        (None, None) => return Err(ApiError::invalid("GroupName or GroupARN is required")),
    };
    let is = |asked: &Option<String>, is: &str| asked.as_deref().is_none_or(|asked| asked == is);
    known
        .iter()
        .position(|kept| {
            is(&named.group_name, &kept.group.group_name) && is(&named.group_arn, &kept.group.group_arn)
        })
        .ok_or_else(|| ApiError::invalid(format!("Group not found: {asked}")))
}

/// Changes a group, checks that it makes sense beside the `others`, and keeps it.
fn change(
    api: &Api,
    others: Vec<KeptGroup>,
    mut kept: KeptGroup,
    wanted: Change,
) -> Result<Response, ApiError> {
    let Change { filter_expression, insights_configuration } = wanted;
    let group = &mut kept.group;
    if let Some(change) = insights_configuration {
        let insights = &mut group.insights_configuration;
        insights.insights_enabled = change.insights_enabled.unwrap_or(insights.insights_enabled);
        insights.notifications_enabled =
            change.notifications_enabled.unwrap_or(insights.notifications_enabled);
    }
    if group.insights_configuration.notifications_enabled && !group.insights_configuration.insights_enabled {
        return Err(ApiError::invalid("NotificationsEnabled needs InsightsEnabled"));
    }
    if let Some(expression) = filter_expression {
        group.filter_expression = Some(expression.clone()).filter(|expression| !expression.trim().is_empty());
        FilterExpression::parse(&expression).map_err(invalid)?;
        let mut known = others;
        known.push(kept.clone());
        // Groups name each other: this one may have closed a circle.
        filter(&expression, &known)?;
    }
    GROUPS.put(&*api.store, &kept.group.group_name, &kept)?;
    Response::of(&GroupAnswer { group: &kept.group })
}

fn filter(expression: &str, known: &[KeptGroup]) -> Result<Filter, ApiError> {
    let mut groups = Vec::with_capacity(known.len());
    let mut unreadable = String::new();
    for Group { group_name: name, group_arn, filter_expression, .. } in known.iter().map(|kept| &kept.group) {
        match FilterExpression::parse(filter_expression.as_deref().unwrap_or_default()) {
            Ok(expression) => {
                groups.push(filter::Group { name: name.clone(), arn: group_arn.clone(), expression });
            }
            // Another version of the console took it. It is in the way of those only that name it.
            Err(error) => unreadable.push_str(&format!("; the group {name} cannot be read: {error}")),
        }
    }
    let parsed = FilterExpression::parse(expression).map_err(invalid)?;
    parsed.with_groups(&groups).map_err(|error| ApiError::invalid(format!("{error}{unreadable}")))
}

#[allow(clippy::needless_pass_by_value, reason = "for map_err")]
fn invalid(error: filter::FilterError) -> ApiError {
    ApiError::invalid(error.to_string())
}

fn check_name(name: &str) -> Result<(), ApiError> {
    let is_valid = (1..=32).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    if is_valid {
        return Ok(());
    }
    Err(ApiError::invalid("GroupName has 1 to 32 letters, digits, - and _"))
}

/// The last part of an ARN.
fn random_id() -> String {
    (0..26)
        .map(|_| char::from(fastrand::choice(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567").copied().unwrap_or(b'A')))
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::Home;

    #[test]
    fn a_group_is_created_changed_and_deleted() {
        let home = Home::new();
        let created =
            home.ok("CreateGroup", json!({"GroupName": "slow", "FilterExpression": "responsetime > 5"}));
        let arn = created["Group"]["GroupARN"].clone();
        assert!(arn.as_str().unwrap().contains(":group/slow/"));
        assert_eq!(created["Group"]["InsightsConfiguration"]["InsightsEnabled"], false);
        let change = json!({"GroupARN": arn, "InsightsConfiguration": {"InsightsEnabled": true}});
        let changed = home.ok("UpdateGroup", change);
        assert_eq!(changed["Group"]["FilterExpression"], "responsetime > 5");
        assert_eq!(home.ok("GetGroup", json!({"GroupName": "slow"})), changed);
        home.ok("DeleteGroup", json!({"GroupName": "slow", "GroupARN": arn}));
        assert_eq!(home.error("GetGroup", json!({"GroupName": "slow"})), "Group not found: slow");
    }

    #[test]
    fn the_default_group_is_there_and_stays() {
        let home = Home::new();
        let groups = home.ok("GetGroups", json!({}));
        assert_eq!(groups["Groups"][0]["GroupName"], "Default");
        assert!(home.error("DeleteGroup", json!({"GroupName": "Default"})).contains("cannot be deleted"));
        home.error("UpdateGroup", json!({"GroupName": "Default", "FilterExpression": "ok"}));
        home.ok(
            "UpdateGroup",
            json!({"GroupName": "Default", "InsightsConfiguration": {"InsightsEnabled": true}}),
        );
        let groups = home.ok("GetGroups", json!({}));
        assert_eq!(groups["Groups"].as_array().unwrap().len(), 1);
        assert_eq!(groups["Groups"][0]["InsightsConfiguration"]["InsightsEnabled"], true);
    }

    #[test]
    fn names_expressions_and_circles_are_checked() {
        let home = Home::new();
        for name in ["", "no blanks", &"x".repeat(33), "ü"] {
            home.error("CreateGroup", json!({"GroupName": name}));
        }
        let error = home.error("CreateGroup", json!({"GroupName": "g", "FilterExpression": "falut"}));
        assert!(
            error.starts_with("Invalid filter expression at character 1: unknown keyword `falut`"),
            "{error}"
        );
        home.ok("CreateGroup", json!({"GroupName": "one", "FilterExpression": "ok"}));
        home.error("CreateGroup", json!({"GroupName": "one"}));
        home.ok("CreateGroup", json!({"GroupName": "two", "FilterExpression": "group.name = \"one\""}));
        let circle = json!({"GroupName": "one", "FilterExpression": "group.name = \"two\""});
        assert!(home.error("UpdateGroup", circle).contains("means itself"));
        home.error("GetGroup", json!({}));
        let unlike = json!({"GroupName": "one", "GroupARN": "arn:aws:xray:us-east-1:1:group/two/X"});
        home.error("GetGroup", unlike);
        let notify = json!({"GroupName": "n", "InsightsConfiguration": {"NotificationsEnabled": true}});
        assert!(home.error("CreateGroup", notify).contains("InsightsEnabled"));
    }

    #[test]
    fn a_group_that_became_invalid_is_in_the_way_of_nothing_but_itself() {
        let home = Home::new();
        home.ok("CreateGroup", json!({"GroupName": "one", "FilterExpression": "ok"}));
        home.ok("CreateGroup", json!({"GroupName": "two", "FilterExpression": "group.name = \"one\""}));
        home.ok("DeleteGroup", json!({"GroupName": "one"}));
        let kept = json!({"GroupName": "old", "GroupARN": "arn:old", "FilterExpression": "forgotten = 1"});
        home.api.store.put_setting("group", "old", Some(&kept.to_string())).unwrap();
        let ask = |filter: &str| json!({"StartTime": 1, "EndTime": 2, "FilterExpression": filter});
        home.ok("GetTraceSummaries", ask("ok"));
        home.ok("CreateGroup", json!({"GroupName": "three", "FilterExpression": "fault"}));
        let error = home.error("GetTraceSummaries", ask("group.name = \"old\""));
        assert!(error.contains("the group old cannot be read: ") && error.contains("forgotten"), "{error}");
        assert!(home.error("GetTraceSummaries", ask("group.name = \"two\"")).contains("no group `one`"));
        for name in ["two", "old"] {
            let enable = json!({"GroupName": name, "InsightsConfiguration": {"InsightsEnabled": true}});
            home.ok("UpdateGroup", enable);
        }
        home.ok("UpdateGroup", json!({"GroupName": "old", "FilterExpression": "ok"}));
        home.ok("GetTraceSummaries", ask("group.name = \"old\""));
        home.ok("DeleteGroup", json!({"GroupName": "old"}));
    }

    #[test]
    fn there_are_at_most_25_beside_the_default_one() {
        let home = Home::new();
        for number in 0..25 {
            home.ok("CreateGroup", json!({"GroupName": format!("g{number}")}));
        }
        assert!(home.error("CreateGroup", json!({"GroupName": "more"})).contains("25 groups"));
    }
}
