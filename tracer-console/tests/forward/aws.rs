//! AWS as the target: moto stands in for it, and a recording end that checks signatures.

use serde_json::{Value, json};

use crate::documents::{id, segment, segments};
use crate::far_end::{Asked, FarEnd, Said};
use crate::interpreter::Interpreter;
use crate::moto::Moto;
use crate::process::{Forwarding, forward, program};
use crate::sends::{call, put, send};
use crate::signatures::{KEY, SECRET, TOKEN, is_signed, with_keys};
use crate::wait::until;
use crate::x_ray_end::{Mood, XRayEnd, x_ray_error};

struct Home(tempfile::TempDir);

impl Home {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// The daemon's command line, but for its ports, with X-Ray at this address.
    fn daemon(&self, endpoint: &str, arguments: &[&str], variables: &[(&str, &str)]) -> Forwarding {
        let config = self.0.path().join("cfg.yaml");
        std::fs::write(&config, format!("Version: 2\nEndpoint: \"{endpoint}\"\n")).unwrap();
        let mut command = program();
        command.args([
            "forward",
            "--json",
            "--longest-wait",
            "50ms",
            "-o",
            "-n",
            "eu-west-1",
            "-b",
            "127.0.0.1:0",
            "-t",
            "127.0.0.1:0",
        ]);
        command.arg("-c").arg(config).arg("--queue").arg(self.0.path().join("forward.db")).args(arguments);
        command
            .env("AWS_ACCESS_KEY_ID", KEY)
            .env("AWS_SECRET_ACCESS_KEY", SECRET)
            .env("AWS_SESSION_TOKEN", TOKEN);
        command.envs(variables.iter().copied());
        Forwarding::of(command)
    }
}

fn trace(text: &str) -> String {
    serde_json::from_str::<Value>(text).unwrap()["trace_id"].as_str().unwrap().to_owned()
}

#[test]
fn the_daemons_command_line_starts_a_stand_in_that_forwards_to_x_ray() {
    let Some(moto) = Moto::start() else { return };
    let home = Home::new();
    let forwarding = home.daemon(&moto.url(), &[], &[]);
    let name = format!("aws eu-west-1 endpoint={}", moto.url());
    assert_eq!(forwarding.ready["targets"][0]["name"], name);
    let texts = segments(3);
    send(forwarding.udp, &texts[..2]);
    put(forwarding.tcp, &texts[2..]);
    for text in &texts {
        let documents = moto.documents(&trace(text), 1);
        assert_eq!(documents, [serde_json::from_str::<Value>(text).unwrap()]);
    }
}

#[test]
fn the_x_ray_sdk_for_python_traces_into_x_ray_through_it() {
    let Some(python) = Interpreter::with(&["aws_xray_sdk"]) else { return };
    let Some(moto) = Moto::start() else { return };
    let home = Home::new();
    let forwarding = home.daemon(&moto.url(), &[], &[]);
    let daemon = format!("udp:{} tcp:{}", forwarding.udp, forwarding.tcp);
    let said = python.script(forwarding.udp, "forwarded_trace.py", &[("AWS_XRAY_DAEMON_ADDRESS", &daemon)]);
    let documents = moto.documents(said.trim(), 1);
    assert_eq!(documents[0]["name"], "order-service");
    assert_eq!(documents[0]["annotations"], json!({"OrderId": "ORD-1"}));
    assert_eq!(documents[0]["subsegments"][0]["name"], "charge");
}

#[test]
#[cfg(unix)]
fn documents_and_telemetry_are_signed() {
    let (home, end) = (Home::new(), XRayEnd::new());
    let variables = [("AWS_HOSTNAME", "build-7"), ("AWS_INSTANCE_ID", "i-0123")];
    let forwarding =
        home.daemon(&end.url(), &["-a", "arn:aws:ec2:eu-west-1:123456789012:instance/i-0123"], &variables);
    let texts = segments(2);
    put(forwarding.tcp, &texts);
    end.has(&texts);
    let ended = forwarding.end();
    assert_eq!(ended["targets"][0]["sent"], 2);
    let asked = end.end.asked();
    assert_eq!(
        asked.iter().map(|asked| asked.uri.path()).collect::<Vec<_>>(),
        ["/TraceSegments", "/TelemetryRecords"]
    );
    assert!(asked.iter().all(|asked| is_signed(asked, &end.url(), "eu-west-1")));
    let told: Value = serde_json::from_slice(&asked[1].body).unwrap();
    assert_eq!((&told["Hostname"], &told["EC2InstanceId"]), (&json!("build-7"), &json!("i-0123")));
    assert_eq!(told["ResourceARN"], "arn:aws:ec2:eu-west-1:123456789012:instance/i-0123");
    let record = &told["TelemetryRecords"][0];
    let counts =
        ["SegmentsReceivedCount", "SegmentsSentCount", "SegmentsSpilloverCount", "SegmentsRejectedCount"];
    assert_eq!(counts.map(|count| &record[count]), [&json!(2), &json!(2), &json!(0), &json!(0)]);
    assert_eq!(record["BackendConnectionErrors"]["HTTPCode5XXCount"], 0);
}

#[test]
fn everything_else_that_is_asked_over_tcp_is_signed_and_passed_on_with_its_answer() {
    let answer = |asked: &Asked| {
        let body = format!("{{\"path\":\"{}\"}}", asked.uri).into_bytes();
        Said { body, ..Said::status(203) }
            .with("x-amzn-requestid", "R-1")
            .with("content-type", "application/json")
    };
    let (home, end) = (Home::new(), FarEnd::answering(answer));
    let forwarding = home.daemon(&end.url(), &[], &[]);
    let agent = ureq::Agent::config_builder().http_status_as_error(false).build().new_agent();
    let url = |path: &str| format!("http://{}{path}", forwarding.tcp);
    for path in ["/GetSamplingRules", "/SamplingTargets", "/any%20path/a?b=c&d=%2F", "/"] {
        let post = agent.post(url(path)).header("content-type", "application/x-amz-json-1.1");
        let mut response = post.send("{\"NextToken\":null}").unwrap();
        assert_eq!(
            (response.status().as_u16(), &response.headers()["x-amzn-requestid"]),
            (203, &"R-1".parse().unwrap())
        );
        assert_eq!(response.body_mut().read_to_string().unwrap(), format!("{{\"path\":\"{path}\"}}"));
    }
    assert_eq!(agent.get(url("/Groups")).call().unwrap().status(), 203);
    let asked = end.asked();
    assert_eq!(asked.len(), 5);
    for asked in &asked {
        assert!(is_signed(asked, &end.url(), "eu-west-1"), "{asked:?}");
    }
    assert_eq!(asked[0].header("content-type"), "application/x-amz-json-1.1");
    assert_eq!((&*asked[0].body, asked[4].method.as_str()), (&b"{\"NextToken\":null}"[..], "GET"));
}

/// Where spans are taken they are not passed on, but forwarded as the segments that they become.
#[test]
fn spans_of_opentelemetry_are_forwarded_as_segments() {
    let (home, end) = (Home::new(), XRayEnd::new());
    let forwarding = home.daemon(&end.url(), &[], &[]);
    let spans = json!({"resourceSpans": [{
        "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "order-service"}}]},
        "scopeSpans": [{"spans": [{
            "traceId": "6b02e0029311b20839c1ed87c6cec943", "spanId": "00000000000000a1", "name": "GET /orders", "kind": 2,
            "startTimeUnixNano": "1795348800000000000", "endTimeUnixNano": "1795348801000000000",
        }]}],
    }]});
    call(forwarding.tcp, "/v1/traces", &spans).unwrap();
    let taken = until("the segment", || end.taken().into_iter().next());
    let segment: Value = serde_json::from_str(&taken).unwrap();
    assert_eq!((&segment["name"], &segment["id"]), (&json!("order-service"), &json!("00000000000000a1")));
    assert_eq!(segment["trace_id"], "1-6b02e002-9311b20839c1ed87c6cec943");
}

#[test]
fn where_aws_is_not_there_whoever_asks_is_told_and_documents_wait() {
    let (home, mut end) = (Home::new(), XRayEnd::new());
    end.end.go_away();
    let forwarding = home.daemon(&end.url(), &[], &[]);
    let texts = segments(3);
    assert_eq!(put(forwarding.tcp, &texts), json!([]));
    let error = call(forwarding.tcp, "/GetSamplingRules", &json!({})).unwrap_err();
    assert!(error.starts_with("502") && error.contains(&end.url()), "{error}");
    end.end.come_back();
    end.has(&texts);
}

#[test]
fn a_page_of_another_site_gets_nothing_signed() {
    let (home, end) = (Home::new(), XRayEnd::new());
    let forwarding = home.daemon(&end.url(), &[], &[]);
    let agent = ureq::Agent::config_builder().http_status_as_error(false).build().new_agent();
    let post =
        agent.post(format!("http://{}/Groups", forwarding.tcp)).header("origin", "https://evil.example");
    assert_eq!(post.send("{}").unwrap().status(), 403);
    assert!(end.end.asked().is_empty());
}

#[test]
fn with_its_traces_kept_the_console_answers_itself() {
    let (home, end) = (Home::new(), XRayEnd::new());
    let forwarding = home.daemon(&end.url(), &["--keep", "--memory"], &[]);
    let document = segment("order-service");
    put(forwarding.tcp, &[document.to_string()]);
    let answer = call(forwarding.tcp, "/Traces", &json!({ "TraceIds": [document["trace_id"]] })).unwrap();
    assert_eq!(answer["Traces"][0]["Id"], document["trace_id"]);
    end.has(&[document.to_string()]);
    assert!(end.end.asked().iter().all(|asked| asked.uri.path() == "/TraceSegments"));
}

#[test]
#[cfg(unix)]
fn throttling_expired_credentials_and_faults_of_x_ray_are_tried_again_and_told_as_telemetry() {
    let (home, end) = (Home::new(), XRayEnd::that_is(Mood::Fails(x_ray_error(429, "ThrottledException"))));
    let forwarding = home.daemon(&end.url(), &[], &[]);
    let texts = segments(60);
    put(forwarding.tcp, &texts);
    for said in
        [x_ray_error(403, "ExpiredTokenException"), x_ray_error(500, "InternalFailure"), Said::status(503)]
    {
        end.is_called();
        end.becomes(Mood::Fails(said));
    }
    end.is_called();
    let codes = [(id(&texts[5]), "InvalidSegment"), (id(&texts[6]), "ThrottledException")];
    end.becomes(Mood::Unprocessed(codes.into_iter().collect()));
    end.has(&[texts[0].clone(), texts[59].clone()]);
    end.becomes(Mood::Fine);
    end.has(&[texts[6].clone()]);
    let ended = forwarding.end();
    let target = &ended["targets"][0];
    assert_eq!(
        (&target["sent"], &target["rejected"], &target["waiting"]),
        (&json!(59), &json!(1), &json!(0))
    );
    let told = end.end.asked().into_iter().find(|asked| asked.uri.path() == "/TelemetryRecords").unwrap();
    let told: Value = serde_json::from_slice(&told.body).unwrap();
    let errors = &told["TelemetryRecords"][0]["BackendConnectionErrors"];
    assert!(
        errors["HTTPCode4XXCount"].as_i64() >= Some(1) && errors["HTTPCode5XXCount"].as_i64() >= Some(1),
        "{errors}"
    );
}

#[test]
fn credentials_that_are_renewed_in_their_file_are_used() {
    let home = Home::new();
    let file = home.0.path().join("credentials");
    let write = |key: &str| {
        std::fs::write(
            &file,
            format!("[default]\naws_access_key_id={key}\naws_secret_access_key={SECRET}\n"),
        )
        .unwrap();
    };
    write("OLDKEY");
    let end = FarEnd::answering(|asked| {
        if asked.header("authorization").contains("Credential=NEWKEY/") {
            return Said { body: b"{}".to_vec(), ..Said::status(200) };
        }
        x_ray_error(403, "ExpiredTokenException")
    });
    let mut command = program();
    command.args(["forward", "--json", "--longest-wait", "50ms", "-o", "-n", "eu-west-1"]);
    command.args(["-b", "127.0.0.1:0", "-t", "127.0.0.1:0", "--endpoint", &end.url(), "--queue"]);
    command.arg(home.0.path().join("forward.db")).env("AWS_SHARED_CREDENTIALS_FILE", &file);
    let forwarding = Forwarding::of(command);
    put(forwarding.tcp, &segments(1));
    until("a call", || (!end.asked().is_empty()).then_some(()));
    write("NEWKEY");
    let key = |asked: &Asked| asked.header("authorization").contains("NEWKEY").then_some(());
    until("a call with the new key", || end.asked().iter().find_map(key));
    // What is asked over TCP, too.
    call(forwarding.tcp, "/GetSamplingRules", &json!({})).unwrap();
}

#[test]
fn a_role_is_assumed() {
    let Some(moto) = Moto::start() else { return };
    let (home, end) = (Home::new(), XRayEnd::new());
    let role = "arn:aws:iam::123456789012:role/xray";
    let forwarding = home.daemon(&end.url(), &["-r", role], &[("AWS_ENDPOINT_URL_STS", &moto.url())]);
    let texts = segments(1);
    assert_eq!(
        forwarding.ready["targets"][0]["name"],
        format!("aws eu-west-1 role={role} endpoint={}", end.url())
    );
    put(forwarding.tcp, &texts);
    end.has(&texts);
    let asked = end.end.asked();
    let key = asked[0].header("authorization").split("Credential=").nth(1).unwrap().to_owned();
    assert!(key.starts_with("ASIA"), "moto's temporary key: {key}");
}

#[test]
fn the_region_is_that_of_the_environment_where_no_flag_names_one() {
    let (home, end) = (Home::new(), XRayEnd::new());
    let mut command = with_keys(forward());
    command.args(["-o", "--endpoint", &end.url(), "--queue"]).arg(home.0.path().join("forward.db"));
    let output = command.output().unwrap();
    assert!(String::from_utf8_lossy(&output.stderr).contains("--region"), "{output:?}");
    let forwarding = Forwarding::of({
        command.env("AWS_REGION", "ap-south-1");
        command
    });
    let texts = segments(1);
    put(forwarding.tcp, &texts);
    end.has(&texts);
    let asked = until("a call", || end.end.asked().into_iter().next());
    assert!(is_signed(&asked, &end.url(), "ap-south-1"));
}

#[test]
#[cfg(not(feature = "https"))]
fn without_tls_aws_itself_is_refused_by_the_name_of_the_feature() {
    let output = program().args(["forward", "-o", "-n", "eu-west-1"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("https://xray.eu-west-1.amazonaws.com"), "{said}");
    assert!(said.contains("--features aws,https"), "{said}");
}

/// Credentials that cannot be had are no reason to lose a document.
#[test]
fn without_credentials_documents_wait() {
    let (home, end) = (Home::new(), XRayEnd::new());
    let mut command = forward();
    command.args(["-o", "-n", "eu-west-1", "--endpoint", &end.url(), "--queue"]);
    command.arg(home.0.path().join("forward.db"));
    let forwarding = Forwarding::of(command);
    let texts = segments(2);
    put(forwarding.tcp, &texts);
    forwarding.kill();
    assert!(end.end.asked().is_empty());
    let _forwarding = home.daemon(&end.url(), &[], &[]);
    end.has(&texts);
}

/// What waits for an account is had by that account, once.
#[test]
#[cfg(unix)]
fn a_profile_is_the_same_target_wherever_it_is_named_and_another_is_another() {
    let (home, mut end) = (Home::new(), XRayEnd::new());
    end.end.go_away();
    let of_environment = |profile| home.daemon(&end.url(), &[], &[("AWS_PROFILE", profile)]);
    let forwarding = of_environment("a");
    let name = format!("aws eu-west-1 profile=a endpoint={}", end.url());
    assert_eq!(forwarding.ready["targets"][0]["name"], name);
    put(forwarding.tcp, &segments(3));
    assert_eq!(forwarding.end()["targets"][0]["waiting"], 3);
    let forwarding = of_environment("b");
    assert_ne!(forwarding.ready["targets"][0]["name"], name);
    forwarding.kill();
    end.end.come_back();
    let sent = |forwarding: Forwarding| {
        assert_eq!(forwarding.ready["targets"][0]["name"], name);
        forwarding.end()["targets"][0]["sent"].clone()
    };
    let of_the_environment = || home.daemon(&end.url(), &[], &[("AWS_PROFILE", "a")]);
    let by_flag = || home.daemon(&end.url(), &["--profile", "a"], &[]);
    let forwarding = by_flag();
    until("what waits", || (end.taken().len() == 3).then_some(()));
    assert_eq!(sent(forwarding), 3);
    assert_eq!(sent(of_the_environment()), 0);
    assert_eq!(sent(by_flag()), 0);
    assert_eq!(end.taken().len(), 3);
}

#[test]
fn what_waits_for_one_address_waits_whatever_another_takes() {
    let (home, mut end, stand_in) = (Home::new(), XRayEnd::new(), XRayEnd::new());
    end.end.go_away();
    let texts = segments(3);
    let forwarding = home.daemon(&end.url(), &[], &[]);
    put(forwarding.tcp, &texts);
    forwarding.kill();
    let forwarding = home.daemon(&stand_in.url(), &[], &[]);
    stand_in.has(&texts);
    forwarding.kill();
    end.end.come_back();
    let _forwarding = home.daemon(&end.url(), &[], &[]);
    end.has(&texts);
}
