//! Signatures, checked by making them again.

use std::process::Command;
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;

use crate::far_end::Asked;

/// The credentials that the tests have.
pub(crate) const KEY: &str = "AKIDEXAMPLE";
pub(crate) const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
pub(crate) const TOKEN: &str = "a-session-token";

/// Whether a request to `endpoint` bears the signature that these credentials make for the region.
pub(crate) fn is_signed(asked: &Asked, endpoint: &str, region: &str) -> bool {
    let authorization = asked.header("authorization");
    let part = |name: &str| {
        let begin = authorization.find(&format!("{name}=")).unwrap() + name.len() + 1;
        authorization[begin..].split(',').next().unwrap().trim()
    };
    let date = asked.header("x-amz-date");
    assert!(authorization.starts_with("AWS4-HMAC-SHA256 "), "{authorization}");
    assert_eq!(part("Credential"), format!("{KEY}/{}/{region}/xray/aws4_request", &date[..8]));
    let identity = Credentials::new(KEY, SECRET, Some(TOKEN.into()), None, "test").into();
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name("xray")
        .time(time(date))
        .settings(SigningSettings::default())
        .build()
        .unwrap();
    let signed: Vec<_> = part("SignedHeaders").split(';').collect();
    assert!(signed.contains(&"host") && signed.contains(&"x-amz-date"), "{signed:?}");
    // What the signer adds itself is not given to it.
    let own = ["host", "x-amz-date", "x-amz-security-token", "x-amz-content-sha256"];
    let headers = signed.iter().filter(|name| !own.contains(name)).map(|name| (*name, asked.header(name)));
    let url = format!("{endpoint}{}", asked.uri);
    let request =
        SignableRequest::new(asked.method.as_str(), &url, headers, SignableBody::Bytes(&asked.body)).unwrap();
    let (_, signature) = sign(request, &parameters.into()).unwrap().into_parts();
    part("Signature") == signature && asked.header("x-amz-security-token") == TOKEN
}

/// `20261122T120000Z`.
pub(crate) fn time(text: &str) -> SystemTime {
    let parts = [&text[0..4], &text[4..6], &text[6..8], &text[9..11], &text[11..13], &text[13..15]];
    let [year, month, day, hour, minute, second] = parts;
    humantime::parse_rfc3339(&format!("{year}-{month}-{day}T{hour}:{minute}:{second}Z")).unwrap()
        + Duration::ZERO
}

/// With these keys in its environment.
pub(crate) fn with_keys(mut command: Command) -> Command {
    command
        .env("AWS_ACCESS_KEY_ID", KEY)
        .env("AWS_SECRET_ACCESS_KEY", SECRET)
        .env("AWS_SESSION_TOKEN", TOKEN);
    command
}
