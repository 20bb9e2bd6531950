//! How X-Ray is told to encrypt. It is kept and answered, as programs ask for it; nothing here is encrypted by it.

use serde::{Deserialize, Serialize};

use super::Api;
use super::error::ApiError;
use super::request::Request;
use super::response::Response;
use super::settings::Settings;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct EncryptionConfig {
    #[serde(skip_serializing_if = "Option::is_none")]
    key_id: Option<String>,
    #[serde(default)]
    status: Status,
    #[serde(rename = "Type")]
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum Kind {
    None,
    Kms,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum Status {
    /// A change is there at once.
    #[default]
    Active,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Output {
    encryption_config: EncryptionConfig,
}

const CONFIG: Settings<EncryptionConfig> = Settings::of("encryption-config");

pub(super) fn get_encryption_config(api: &Api, _: &Request) -> Result<Response, ApiError> {
    let default = EncryptionConfig { key_id: None, status: Status::Active, kind: Kind::None };
    let encryption_config = CONFIG.find(&*api.store, "account")?.unwrap_or(default);
    Response::of(&Output { encryption_config })
}

pub(super) fn put_encryption_config(api: &Api, request: &Request) -> Result<Response, ApiError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Input {
        key_id: Option<String>,
        #[serde(rename = "Type")]
        kind: Kind,
    }
    let Input { key_id, kind } = request.read()?;
    match (&key_id, kind) {
        (Some(_), Kind::None) => return Err(ApiError::invalid("KeyId is only for the Type KMS")),
        (Some(id), Kind::Kms) if (1..=3000).contains(&id.chars().count()) => {}
        (None, Kind::None) => {}
        (_, Kind::Kms) => {
            return Err(ApiError::invalid("the Type KMS needs a KeyId of 1 to 3000 characters"));
        }
    }
    let encryption_config = EncryptionConfig { key_id, status: Status::Active, kind };
    CONFIG.put(&*api.store, "account", &encryption_config)?;
    Response::of(&Output { encryption_config })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::Home;

    #[test]
    fn what_is_put_is_got() {
        let home = Home::new();
        let none = json!({"EncryptionConfig": {"Status": "ACTIVE", "Type": "NONE"}});
        assert_eq!(home.ok("GetEncryptionConfig", json!({})), none);
        let put = home.ok("PutEncryptionConfig", json!({"Type": "KMS", "KeyId": "alias/x-ray"}));
        assert_eq!(put["EncryptionConfig"]["KeyId"], "alias/x-ray");
        assert_eq!(home.ok("GetEncryptionConfig", json!({})), put);
        for wrong in
            [json!({"Type": "KMS"}), json!({"Type": "NONE", "KeyId": "x"}), json!({"Type": "AES"}), json!({})]
        {
            home.error("PutEncryptionConfig", wrong);
        }
        assert_eq!(home.ok("PutEncryptionConfig", json!({"Type": "NONE"})), none);
    }
}
