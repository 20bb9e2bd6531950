//! Tags of groups and sampling rules.

use serde::{Deserialize, Serialize};

use super::error::ApiError;
use super::request::Request;
use super::response::Response;
use super::tag::{self, Tag};
use super::{Api, groups, next_token, sampling_rules};

pub(super) fn tag_resource(api: &Api, request: &Request) -> Result<Response, ApiError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Input {
        #[serde(rename = "ResourceARN")]
        resource_arn: String,
        tags: Vec<Tag>,
    }
    let Input { resource_arn, tags } = request.read()?;
    let _changing = api.changing();
    with_tags(api, &resource_arn, |known| tag::add(&resource_arn, known, tags.clone()))?;
    Ok(Response::empty())
}

pub(super) fn untag_resource(api: &Api, request: &Request) -> Result<Response, ApiError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Input {
        #[serde(rename = "ResourceARN")]
        resource_arn: String,
        tag_keys: Vec<String>,
    }
    let Input { resource_arn, tag_keys } = request.read()?;
    let _changing = api.changing();
    with_tags(api, &resource_arn, |known| {
        known.retain(|tag| !tag_keys.contains(&tag.key));
        Ok(())
    })?;
    Ok(Response::empty())
}

pub(super) fn list_tags_for_resource(api: &Api, request: &Request) -> Result<Response, ApiError> {
    #[derive(Deserialize)]
    struct Input {
        #[serde(rename = "ResourceARN")]
        resource_arn: String,
    }
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Output {
        tags: Vec<Tag>,
    }
    next_token::refuse(request)?;
    let Input { resource_arn } = request.read()?;
    let tags = with_tags(api, &resource_arn, |known| Ok(known.clone()))?;
    Response::of(&Output { tags })
}

fn with_tags<T>(
    api: &Api,
    arn: &str,
    change: impl Fn(&mut Vec<Tag>) -> Result<T, ApiError>,
) -> Result<T, ApiError> {
    if let Some(changed) = groups::with_tags(api, arn, &change)? {
        return Ok(changed);
    }
    sampling_rules::with_tags(api, arn, change)?.ok_or_else(|| ApiError::not_found(arn))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::testing::{Home, sampling_rule};

    #[test]
    fn groups_and_rules_have_tags_and_lose_them_when_they_are_deleted() {
        let home = Home::new();
        let tags = json!([{"Key": "team", "Value": "orders"}]);
        let group =
            home.ok("CreateGroup", json!({"GroupName": "g", "Tags": tags}))["Group"]["GroupARN"].clone();
        let rule = home.ok("CreateSamplingRule", json!({"SamplingRule": sampling_rule("r"), "Tags": tags}));
        let rule = &rule["SamplingRuleRecord"]["SamplingRule"]["RuleARN"];
        for arn in [&group, rule] {
            let listed = || home.ok("ListTagsForResource", json!({"ResourceARN": arn}))["Tags"].clone();
            assert_eq!(listed(), tags);
            home.ok("TagResource", json!({"ResourceARN": arn, "Tags": [{"Key": "stage", "Value": "dev"}]}));
            assert_eq!(listed().as_array().unwrap().len(), 2);
            home.ok("UntagResource", json!({"ResourceARN": arn, "TagKeys": ["team", "absent"]}));
            assert_eq!(listed(), json!([{"Key": "stage", "Value": "dev"}]));
        }
        home.ok("DeleteGroup", json!({"GroupName": "g"}));
        let gone = home.call("ListTagsForResource", &json!({"ResourceARN": group})).unwrap_err();
        assert_eq!(gone.kind.name(), "ResourceNotFoundException");
        assert_eq!(gone.body()["ResourceName"], group);
    }

    #[test]
    fn the_default_group_and_rule_can_be_tagged_too() {
        let home = Home::new();
        for arn in [home.api.arn("group/Default"), home.api.arn("sampling-rule/Default")] {
            home.ok("TagResource", json!({"ResourceARN": arn, "Tags": [{"Key": "a", "Value": "b"}]}));
            let listed = home.ok("ListTagsForResource", json!({"ResourceARN": arn}));
            assert_eq!(listed["Tags"], json!([{"Key": "a", "Value": "b"}]));
        }
        assert_eq!(home.ok("GetGroups", json!({}))["Groups"].as_array().map(Vec::len), Some(1));
        assert_ne!(home.ok("GetSamplingRules", json!({})), Value::Null);
    }
}
