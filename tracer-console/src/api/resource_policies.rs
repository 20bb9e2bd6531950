//! Resource policies: kept and answered. Nobody's rights are checked here.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::epoch_seconds::EpochSeconds;
use super::error::{ApiError, ErrorKind};
use super::request::Request;
use super::response::Response;
use super::settings::Settings;
use super::{Api, next_token};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ResourcePolicy {
    policy_name: String,
    policy_document: String,
    policy_revision_id: String,
    last_updated_time: EpochSeconds,
}

const POLICIES: Settings<ResourcePolicy> = Settings::of("resource-policy");
/// An account has so many.
const MOST: usize = 5;
/// Bytes of a policy.
const LONGEST: usize = 5 << 10;

pub(super) fn put_resource_policy(api: &Api, request: &Request) -> Result<Response, ApiError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Input {
        policy_name: String,
        policy_document: String,
        policy_revision_id: Option<String>,
        bypass_policy_lockout_check: Option<bool>,
    }
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Output {
        resource_policy: ResourcePolicy,
    }
    let input: Input = request.read()?;
    check_name(&input.policy_name)?;
    check_document(&input.policy_document, input.bypass_policy_lockout_check == Some(true))?;
    let _changing = api.changing();
    let known = POLICIES.all(&*api.store)?;
    let policy = known.iter().find(|(name, _)| *name == input.policy_name).map(|(_, policy)| policy);
    check_revision(policy, input.policy_revision_id.as_deref())?;
    if policy.is_none() && known.len() >= MOST {
        let message = format!("there are {MOST} resource policies already; delete one that is not needed");
        return Err(ApiError::new(ErrorKind::PolicyCountLimitExceeded, message));
    }
    let revision = policy.and_then(|policy| policy.policy_revision_id.parse::<u64>().ok()).unwrap_or(0);
    let resource_policy = ResourcePolicy {
        policy_name: input.policy_name,
        policy_document: input.policy_document,
        policy_revision_id: (revision + 1).to_string(),
        last_updated_time: EpochSeconds::now(),
    };
    POLICIES.put(&*api.store, &resource_policy.policy_name, &resource_policy)?;
    Response::of(&Output { resource_policy })
}

pub(super) fn delete_resource_policy(api: &Api, request: &Request) -> Result<Response, ApiError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Input {
        policy_name: String,
        policy_revision_id: Option<String>,
    }
    let Input { policy_name, policy_revision_id } = request.read()?;
    check_name(&policy_name)?;
    let _changing = api.changing();
    let policy = POLICIES.find(&*api.store, &policy_name)?;
    let policy =
        policy.ok_or_else(|| ApiError::invalid(format!("Resource policy not found: {policy_name}")))?;
    check_revision(Some(&policy), policy_revision_id.as_deref())?;
    POLICIES.forget(&*api.store, &policy_name)?;
    Ok(Response::empty())
}

pub(super) fn list_resource_policies(api: &Api, request: &Request) -> Result<Response, ApiError> {
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Output {
        resource_policies: Vec<ResourcePolicy>,
    }
    next_token::refuse(request)?;
    let resource_policies = POLICIES.all(&*api.store)?.into_iter().map(|(_, policy)| policy).collect();
    Response::of(&Output { resource_policies })
}

fn check_name(name: &str) -> Result<(), ApiError> {
    let is_valid = |character: char| character.is_alphanumeric() || "_+=,.@-".contains(character);
    if (1..=128).contains(&name.chars().count()) && name.chars().all(is_valid) {
        return Ok(());
    }
    Err(ApiError::invalid("PolicyName has 1 to 128 letters, digits and _ + = , . @ -"))
}

/// `"0"` asks that there be none yet, another revision that it be the latest.
fn check_revision(policy: Option<&ResourcePolicy>, asked: Option<&str>) -> Result<(), ApiError> {
    let Some(asked) = asked else { return Ok(()) };
    let latest = policy.map_or("0", |policy| policy.policy_revision_id.as_str());
    if asked == latest {
        return Ok(());
    }
    let message = format!("the latest revision is {latest}, not {asked}");
    Err(ApiError::new(ErrorKind::InvalidPolicyRevisionId, message))
}

fn check_document(text: &str, bypasses_lockout_check: bool) -> Result<(), ApiError> {
    if text.len() > LONGEST {
        let message = format!("PolicyDocument has {} bytes, and may have {LONGEST}", text.len());
        return Err(ApiError::new(ErrorKind::PolicySizeLimitExceeded, message));
    }
    let malformed =
        |why: String| ApiError::new(ErrorKind::MalformedPolicyDocument, format!("PolicyDocument {why}"));
    let policy: Value =
        serde_json::from_str(text).map_err(|error| malformed(format!("is not JSON: {error}")))?;
    let statements = match &policy["Statement"] {
        Value::Array(statements) => statements.as_slice(),
        statement @ Value::Object(_) => std::slice::from_ref(statement),
        _ => return Err(malformed("has no Statement".to_owned())),
    };
    for statement in statements {
        if !matches!(statement["Effect"].as_str(), Some("Allow" | "Deny")) {
            return Err(malformed("has a Statement whose Effect is neither Allow nor Deny".to_owned()));
        }
    }
    if !bypasses_lockout_check && statements.iter().any(locks_out) {
        let message =
            "the policy denies everybody PutResourcePolicy; BypassPolicyLockoutCheck puts it nevertheless";
        return Err(ApiError::new(ErrorKind::LockoutPrevention, message));
    }
    Ok(())
}

/// Whether nobody could put a policy any more.
fn locks_out(statement: &Value) -> bool {
    let is_of_all = |value: &Value, means: &dyn Fn(&str) -> bool| match value {
        Value::String(text) => means(text),
        Value::Array(texts) => texts.iter().filter_map(Value::as_str).any(means),
        _ => false,
    };
    let everybody = |name: &str| name == "*";
    let principal = &statement["Principal"];
    let puts = |action: &str| {
        ["*", "xray:*", "xray:put*", "xray:putresourcepolicy"].contains(&&*action.to_lowercase())
    };
    statement["Effect"] == "Deny"
        && statement.get("Condition").is_none()
        && (is_of_all(principal, &everybody) || is_of_all(&principal["AWS"], &everybody))
        && is_of_all(&statement["Action"], &puts)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::testing::Home;

    const ALLOW: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"xray:PutTraceSegments","Resource":"*"}]}"#;

    fn policy(name: &str, document: &str) -> Value {
        json!({"PolicyName": name, "PolicyDocument": document})
    }

    fn kind(home: &Home, operation: &str, asked: &Value) -> String {
        home.call(operation, asked).unwrap_err().kind.name()
    }

    #[test]
    fn a_policy_is_put_changed_by_its_revision_and_deleted() {
        let home = Home::new();
        let put = home.ok("PutResourcePolicy", policy("sns", ALLOW))["ResourcePolicy"].clone();
        assert_eq!((&put["PolicyRevisionId"], &put["PolicyDocument"]), (&json!("1"), &json!(ALLOW)));
        let with = |revision: &str| {
            let mut asked = policy("sns", ALLOW);
            asked["PolicyRevisionId"] = json!(revision);
            asked
        };
        assert_eq!(kind(&home, "PutResourcePolicy", &with("0")), "InvalidPolicyRevisionIdException");
        assert_eq!(home.ok("PutResourcePolicy", with("1"))["ResourcePolicy"]["PolicyRevisionId"], "2");
        assert_eq!(
            home.ok("ListResourcePolicies", json!({}))["ResourcePolicies"].as_array().unwrap().len(),
            1
        );
        assert_eq!(kind(&home, "DeleteResourcePolicy", &with("1")), "InvalidPolicyRevisionIdException");
        home.ok("DeleteResourcePolicy", with("2"));
        assert_eq!(kind(&home, "DeleteResourcePolicy", &with("2")), "InvalidRequestException");
        assert_eq!(home.ok("ListResourcePolicies", json!({})), json!({"ResourcePolicies": []}));
    }

    #[test]
    fn what_is_no_policy_or_too_much_is_refused_by_name() {
        let home = Home::new();
        let put = |name: &str, document: &str| kind(&home, "PutResourcePolicy", &policy(name, document));
        assert_eq!(put("no blanks", ALLOW), "InvalidRequestException");
        assert_eq!(put("p", "{"), "MalformedPolicyDocumentException");
        assert_eq!(put("p", "{}"), "MalformedPolicyDocumentException");
        assert_eq!(put("p", r#"{"Statement":{"Effect":"Maybe"}}"#), "MalformedPolicyDocumentException");
        assert_eq!(put("p", &" ".repeat(5_121)), "PolicySizeLimitExceededException");
        for name in ["1", "2", "3", "4", "5"] {
            home.ok("PutResourcePolicy", policy(name, ALLOW));
        }
        assert_eq!(put("6", ALLOW), "PolicyCountLimitExceededException");
        home.ok("PutResourcePolicy", policy("5", ALLOW));
    }

    #[test]
    fn a_policy_that_locks_everybody_out_is_put_only_when_that_is_meant() {
        let home = Home::new();
        let deny = ALLOW.replace("Allow", "Deny").replace("xray:PutTraceSegments", "xray:*");
        let mut asked = policy("deny", &deny);
        assert_eq!(kind(&home, "PutResourcePolicy", &asked), "LockoutPreventionException");
        asked["BypassPolicyLockoutCheck"] = json!(true);
        home.ok("PutResourcePolicy", asked);
        home.ok(
            "PutResourcePolicy",
            policy("some", &deny.replace("\"*\",\"Action", "{\"AWS\":\"123456789012\"},\"Action")),
        );
    }
}
