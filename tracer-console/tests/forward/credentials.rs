//! The region and credentials of where it runs: an instance of EC2, a task of ECS.

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use crate::documents::segments;
use crate::far_end::{Asked, FarEnd, Said};
use crate::process::{Forwarding, program};
use crate::sends::put;
use crate::signatures::{SECRET, TOKEN};
use crate::wait::until;
use crate::x_ray_end::XRayEnd;

fn forward(home: &tempfile::TempDir, endpoint: &str) -> Command {
    let mut command = program();
    command.args(["forward", "--json", "--longest-wait", "50ms", "-b", "127.0.0.1:0", "-t", "127.0.0.1:0"]);
    command.args(["--endpoint", endpoint, "--queue"]).arg(home.path().join("forward.db"));
    command
}

/// Credentials as EC2 and ECS tell them: each time with another key, the first ones with little time left.
struct Keys(AtomicUsize);

impl Keys {
    fn next(&self) -> Value {
        let number = self.0.fetch_add(1, Ordering::SeqCst) + 1;
        let left = if number == 1 { Duration::from_secs(30) } else { Duration::from_secs(6 * 3600) };
        let end = humantime::format_rfc3339_seconds(SystemTime::now() + left).to_string();
        json!({"Code": "Success", "Type": "AWS-HMAC", "LastUpdated": "2026-01-01T00:00:00Z", "AccessKeyId": format!("KEY{number}"),
               "SecretAccessKey": SECRET, "Token": TOKEN, "Expiration": end})
    }
}

fn text(text: impl Into<Vec<u8>>) -> Said {
    Said { body: text.into(), ..Said::status(200) }
}

/// What an instance of EC2 tells of itself (IMDSv2): only to who has a token of it.
fn instance() -> FarEnd {
    let keys = Keys(AtomicUsize::new(0));
    FarEnd::answering(move |asked| {
        let path = asked.uri.path();
        if (asked.method.as_str(), path) == ("PUT", "/latest/api/token") {
            return text("a-token-of-imds").with("x-aws-ec2-metadata-token-ttl-seconds", "21600");
        }
        if asked.header("x-aws-ec2-metadata-token") != "a-token-of-imds" {
            return Said::status(401);
        }
        match path.strip_prefix("/latest/meta-data/").unwrap_or_default() {
            "placement/region" => text("ap-southeast-2"),
            "hostname" => text("ip-10-0-0-1.ec2.internal"),
            "instance-id" => text("i-0123456789abcdef0"),
            "iam/security-credentials/" => text("tracer-role"),
            "iam/security-credentials/tracer-role" => text(keys.next().to_string()),
            _ => Said::status(404),
        }
    })
}

/// The key and the region by which a call was signed.
fn scope(asked: &Asked) -> (String, String) {
    let scope = asked.header("authorization").split("Credential=").nth(1).unwrap().split(',').next().unwrap();
    let parts: Vec<_> = scope.split('/').collect();
    (parts[0].to_owned(), parts[2].to_owned())
}

/// Sends until somebody signs with the second key.
fn until_renewed(forwarding: &Forwarding, end: &XRayEnd, region: &str) {
    let mut sent = Vec::new();
    until("a call with the next key", || {
        let texts = segments(1);
        put(forwarding.tcp, &texts);
        sent.extend(texts);
        let calls = end.end.asked();
        let scopes: Vec<_> = calls.iter().map(scope).collect();
        assert!(scopes.iter().all(|(_, of)| of == region), "{scopes:?}");
        let is_by = |key: &str| scopes.iter().any(|(by, _)| by == key);
        (is_by("KEY1") && is_by("KEY2")).then_some(())
    });
    end.has(&sent);
}

#[test]
#[cfg(unix)]
fn an_instance_of_ec2_tells_its_region_its_names_and_credentials_that_are_renewed() {
    let (home, end, instance) = (tempfile::tempdir().unwrap(), XRayEnd::new(), instance());
    let mut command = forward(&home, &end.url());
    command.env_remove("AWS_EC2_METADATA_DISABLED").env("AWS_EC2_METADATA_SERVICE_ENDPOINT", instance.url());
    let forwarding = Forwarding::of(command);
    let name = format!("aws ap-southeast-2 endpoint={}", end.url());
    assert_eq!(forwarding.ready["targets"][0]["name"], name);
    until_renewed(&forwarding, &end, "ap-southeast-2");
    forwarding.end();
    let told = end.end.asked().into_iter().find(|asked| asked.uri.path() == "/TelemetryRecords").unwrap();
    let told: Value = serde_json::from_slice(&told.body).unwrap();
    assert_eq!(
        (&told["Hostname"], &told["EC2InstanceId"]),
        (&json!("ip-10-0-0-1.ec2.internal"), &json!("i-0123456789abcdef0"))
    );
    // The third is for many hours yet to come.
    let fetched = |asked: &&Asked| asked.uri.path().ends_with("/tracer-role");
    assert_eq!(instance.asked().iter().filter(fetched).count(), 2);
}

#[test]
#[cfg(unix)]
fn in_local_mode_the_instance_is_not_asked_for_region_and_names() {
    let (home, end, instance) = (tempfile::tempdir().unwrap(), XRayEnd::new(), instance());
    let mut command = forward(&home, &end.url());
    command.env_remove("AWS_EC2_METADATA_DISABLED").env("AWS_EC2_METADATA_SERVICE_ENDPOINT", instance.url());
    command.args(["-o", "-n", "eu-west-1"]);
    let forwarding = Forwarding::of(command);
    let texts = segments(1);
    put(forwarding.tcp, &texts);
    end.has(&texts);
    forwarding.end();
    // Its credentials are taken all the same, as the daemon does.
    assert_eq!(scope(&end.end.asked()[0]), ("KEY1".to_owned(), "eu-west-1".to_owned()));
    for asked in instance.asked() {
        let path = asked.uri.path();
        assert!(path.ends_with("/token") || path.contains("/iam/"), "{path}");
    }
}

#[test]
fn a_task_of_ecs_has_its_region_in_a_file_and_credentials_at_an_address_that_are_renewed() {
    let (home, end) = (tempfile::tempdir().unwrap(), XRayEnd::new());
    let keys = Arc::new(Keys(AtomicUsize::new(0)));
    let fetched = Arc::clone(&keys);
    let agent = FarEnd::answering(move |asked| match (asked.uri.path(), asked.header("authorization")) {
        ("/creds", "a-token-of-ecs") => text(fetched.next().to_string()),
        _ => Said::status(403),
    });
    let file = home.path().join("metadata.json");
    let task = json!({"Cluster": "shop", "TaskARN": "arn:aws:ecs:eu-central-1:123456789012:task/shop/0123"});
    std::fs::write(&file, task.to_string()).unwrap();
    let mut command = forward(&home, &end.url());
    command
        .env("AWS_CONTAINER_CREDENTIALS_FULL_URI", format!("{}/creds", agent.url()))
        .env("AWS_CONTAINER_AUTHORIZATION_TOKEN", "a-token-of-ecs")
        .env("ECS_ENABLE_CONTAINER_METADATA", "true")
        .env("ECS_CONTAINER_METADATA_FILE", &file);
    let forwarding = Forwarding::of(command);
    let name = format!("aws eu-central-1 endpoint={}", end.url());
    assert_eq!(forwarding.ready["targets"][0]["name"], name);
    until_renewed(&forwarding, &end, "eu-central-1");
    assert_eq!(keys.0.load(Ordering::SeqCst), 2);
}
