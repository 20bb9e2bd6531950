//! `--aws`: the same commands ask AWS X-Ray itself.

use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::far_end::{Asked, FarEnd};
use crate::moto::Moto;
use crate::running::Running;
use crate::serving::{Serving, new_trace_id, now, program};

/// Without anything of this machine's user.
fn asking(endpoint: &str, arguments: &[&str]) -> Command {
    let mut command = program();
    command.args(arguments).args(["--aws", "--endpoint", endpoint]);
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("AWS_")) {
        command.env_remove(name);
    }
    command.envs([("AWS_EC2_METADATA_DISABLED", "true"), ("AWS_CONFIG_FILE", "/dev/null")]);
    command.env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null");
    command
}

fn with_keys(mut command: Command) -> Command {
    command.envs([("AWS_ACCESS_KEY_ID", "AKIDHOME"), ("AWS_SECRET_ACCESS_KEY", "secret")]);
    command.env("AWS_REGION", "eu-west-1");
    command
}

fn says(mut command: Command) -> String {
    let output: Output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn sent(serving: &Serving) -> String {
    let trace = new_trace_id();
    // In whole milliseconds, which is what X-Ray's own histograms tell.
    let end = now().floor();
    serving.send(&json!({"name": "job", "id": "00000000000000a1", "trace_id": trace, "start_time": end - 1.0, "end_time": end}));
    serving.wait_for(&trace, |segments| !segments.is_empty());
    trace
}

fn is_signed(asked: &Asked, key: &str, region: &str) -> bool {
    let credential = format!("AWS4-HMAC-SHA256 Credential={key}/");
    asked.authorization.starts_with(&credential)
        && asked.authorization.contains(&format!("/{region}/xray/aws4_request"))
}

/// Both are asked a moment apart.
fn without_the_time_of_asking(line: &str) -> Value {
    let mut value: Value = serde_json::from_str(line).unwrap();
    for member in ["from", "to"] {
        value.as_object_mut().unwrap().remove(member);
    }
    value
}

#[test]
fn requests_are_signed_and_answers_are_those_of_a_console() {
    let serving = Serving::in_memory();
    let far_end = FarEnd::before(serving.address);
    let trace = sent(&serving);
    for command in [&["traces"][..], &["show", &trace], &["map"], &["map", "--trace", &trace], &["analyze"]] {
        let arguments = [command, &["--json"]].concat();
        let said = says(with_keys(asking(&far_end.endpoint(), &arguments)));
        let expected = serving.says(&arguments);
        let read = |text: &str| text.lines().map(without_the_time_of_asking).collect::<Vec<_>>();
        assert_eq!(read(&said), read(&expected), "{command:?}");
    }
    let asked = far_end.asked();
    assert!(
        asked.len() >= 5 && asked.iter().all(|asked| is_signed(asked, "AKIDHOME", "eu-west-1")),
        "{asked:?}"
    );
    assert!(asked.iter().all(|asked| !asked.path.starts_with("/tracer/")), "{asked:?}");
}

#[test]
fn a_profile_and_a_region_can_be_named() {
    let serving = Serving::in_memory();
    let far_end = FarEnd::before(serving.address);
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("credentials");
    std::fs::write(&file, "[home]\naws_access_key_id = AKIDPROFILE\naws_secret_access_key = secret\n")
        .unwrap();
    let mut command = asking(&far_end.endpoint(), &["traces", "--profile", "home", "--region", "ap-south-1"]);
    command.env("AWS_SHARED_CREDENTIALS_FILE", &file);
    says(command);
    assert!(far_end.asked().iter().all(|asked| is_signed(asked, "AKIDPROFILE", "ap-south-1")));
}

#[test]
fn long_ranges_are_asked_for_six_hours_at_a_time() {
    let serving = Serving::in_memory();
    let far_end = FarEnd::before(serving.address);
    says(with_keys(asking(&far_end.endpoint(), &["traces", "--last", "1d"])));
    let asked = far_end.asked();
    let length = |asked: &Asked| {
        let time = |member: &str| asked.body[member].as_f64().unwrap();
        time("EndTime") - time("StartTime")
    };
    let lengths: Vec<_> = asked.iter().map(|asked| length(asked).round()).collect();
    // The day, and ten minutes that a clock may be fast.
    assert_eq!(lengths, [21_600.0, 21_600.0, 21_600.0, 21_600.0, 600.0], "{asked:?}");
}

#[test]
fn an_x_ray_that_is_busy_is_asked_again() {
    let serving = Serving::in_memory();
    let far_end = FarEnd::before(serving.address).busy(2);
    let trace = sent(&serving);
    assert!(says(with_keys(asking(&far_end.endpoint(), &["traces"]))).contains(&trace));
    assert_eq!(far_end.asked().len(), 3);
}

#[test]
fn traces_that_arrive_are_followed_and_waited_for() {
    let serving = Serving::in_memory();
    let far_end = FarEnd::before(serving.address);
    let filter = ["wait", "--timeout", "1h", "--filter", "service(\"job\")"];
    let wait = Running::start(&mut with_keys(asking(&far_end.endpoint(), &filter)));
    let tail = Running::start(&mut with_keys(asking(&far_end.endpoint(), &["tail", "--count", "1"])));
    assert!(tail.line().starts_with("Trace "));
    let trace = sent(&serving);
    assert!(tail.line().starts_with(&trace));
    assert_eq!((tail.end().code, wait.end().code), (Some(0), Some(0)));
}

#[test]
fn what_x_ray_refuses_and_missing_credentials_are_said() {
    let serving = Serving::in_memory();
    let far_end = FarEnd::before(serving.address);
    let refused = |mut command: Command| {
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    let said = refused(with_keys(asking(&far_end.endpoint(), &["map", "--group", "none"])));
    assert!(said.contains("InvalidRequestException") && said.contains("none"), "{said}");
    let said = refused(asking(&far_end.endpoint(), &["traces", "--region", "eu-west-1"]));
    assert!(said.contains("credentials"), "{said}");
    let said = refused(asking(&far_end.endpoint(), &["traces"]));
    assert!(said.contains("--region"), "{said}");
}

#[test]
fn moto_answers_as_far_as_it_goes() {
    let Some(moto) = Moto::start() else { return };
    let trace = new_trace_id();
    let document = json!({"name": "job", "id": "00000000000000a1", "trace_id": trace, "start_time": now() - 1.0, "end_time": now()});
    let endpoint = format!("http://{}", moto.address);
    // By which moto knows the service.
    let scope = "AWS4-HMAC-SHA256 Credential=AKIDHOME/20261122/eu-west-1/xray/aws4_request";
    let put = ureq::post(format!("{endpoint}/TraceSegments")).header("authorization", scope);
    put.send(json!({ "TraceSegmentDocuments": [document.to_string()] }).to_string()).unwrap();
    assert!(says(with_keys(asking(&endpoint, &["traces"]))).contains(&trace));
    let shown = says(with_keys(asking(&endpoint, &["show", &trace, "--json"])));
    assert_eq!(serde_json::from_str::<Value>(&shown).unwrap()["name"], "job");
}

#[test]
#[cfg(unix)]
fn credentials_that_nobody_tells_hold_it_no_longer_than_it_was_told_to_wait() {
    let serving = Serving::in_memory();
    let far_end = FarEnd::before(serving.address);
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("config");
    // It ends with the test, which holds the other end of what it reads.
    let pipe = directory.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    std::fs::write(
        &file,
        format!("[default]\nregion = eu-west-1\ncredential_process = cat {}\n", pipe.display()),
    )
    .unwrap();
    let held = std::fs::OpenOptions::new().read(true).write(true).open(&pipe).unwrap();
    let mut command = asking(&far_end.endpoint(), &["wait", "--timeout", "100ms"]);
    let ended = Running::start(command.env("AWS_CONFIG_FILE", &file)).end();
    drop(held);
    assert_eq!(ended.code, Some(1));
    let said = format!("{} did not answer in time", far_end.endpoint());
    assert!(ended.errors.contains(&said), "{ended:?}");
}
